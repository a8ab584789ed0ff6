package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// garbage is what strangers send: port scanners, other protocols, broken and
// evil clients.
func garbage() map[string][]byte {
	random := make([]byte, 64<<10)
	generator := rand.NewChaCha8([32]byte{1})
	_, _ = generator.Read(random) // never fails
	return map[string][]byte{
		"nothing":                {},
		"one byte":               {0},
		"http":                   []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"http without end":       append([]byte("GET /status HTTP/1.1\r\nX: "), bytes.Repeat([]byte("x"), 1<<20)...),
		"tls":                    tlsHello(),
		"random":                 random,
		"zeros":                  make([]byte, 64<<10),
		"ones":                   bytes.Repeat([]byte{0xff}, 64<<10),
		"largest packet":         append([]byte{0xff, 0xff, 0xff, 1}, random...),
		"login with huge names":  append([]byte{0x00, 0x80, 0x00, 1, 0xff, 0xff, 0xff, 0x00}, bytes.Repeat([]byte("A"), 0x8000)...),
		"empty packets":          bytes.Repeat([]byte{0, 0, 0, 1}, 1000),
		"login cut off":          {0x20, 0x00, 0x00, 1, 0x85, 0xa6},
		"every first byte twice": firstBytes(),
	}
}

func firstBytes() []byte {
	var all []byte
	for b := range 256 {
		all = append(all, byte(b), byte(b))
	}
	return all
}

// tlsHello is the first thing that a TLS client says.
func tlsHello() []byte {
	client, server := net.Pipe()
	hello := make([]byte, 4096)
	go func() {
		// The handshake fails when the pipe is closed: only its first bytes are wanted.
		_ = tls.Client(client, &tls.Config{ServerName: "mysqlda.invalid"}).Handshake()
	}()
	n, err := server.Read(hello)
	_ = errors.Join(client.Close(), server.Close()) // pipes close without error
	if err != nil {
		panic(err) // a pipe does not fail
	}
	return hello[:n]
}

func TestGarbageOnEveryPortNeitherCrashesNorBlocks(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	conn := connect(t, c.Nodes[0])
	if _, err := selectLibrary(t.Context(), conn, "before"); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		a := n.Addresses()
		for _, addr := range []string{a.MySQL, a.Cluster, a.Gossip, a.HTTP} {
			for _, bytes := range garbage() {
				// Left open until the test ends: a stranger who says no more
				// must not block anybody.
				leaveOpen(t, addr, bytes)
				sendAndClose(t, addr, bytes)
			}
			// A first byte alone picks a service and then says nothing.
			for b := range 256 {
				sendAndClose(t, addr, []byte{byte(b)})
			}
		}
		for _, bytes := range garbage() {
			sendDatagrams(t, a.Gossip, bytes)
		}
	}

	for _, n := range c.Nodes {
		if !n.Running() {
			t.Fatalf("node %s has ended: %v\n%s", n.ID, n.Process().Err(), n.LogTail())
		}
	}
	if err := c.WaitWhole(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The old session goes on, and new ones and new objects work everywhere.
	if _, err := selectLibrary(t.Context(), conn, "before"); err != nil {
		t.Fatal(err)
	}
	for i, n := range c.Nodes {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, err := selectLibrary(ctx, connect(t, n), fmt.Sprintf("after-%d", i))
		cancel()
		if err != nil {
			t.Fatalf("a new object through node %s: %v", n.ID, err)
		}
	}
}

// send opens a connection and writes as much as the other side takes: it may
// close early, and that is its right.
func send(t *testing.T, addr string, bytes []byte) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		t.Fatalf("%s does not accept connections: %v", addr, err)
	}
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Write(bytes)
	return conn
}

func sendAndClose(t *testing.T, addr string, bytes []byte) {
	t.Helper()
	_ = send(t, addr, bytes).Close() // may be reset already
}

func leaveOpen(t *testing.T, addr string, bytes []byte) {
	t.Helper()
	conn := send(t, addr, bytes)
	t.Cleanup(func() { _ = conn.Close() }) // may be reset already
}

// maxDatagram is the largest payload that is certain to leave the machine whole.
const maxDatagram = 60 << 10

func sendDatagrams(t *testing.T, addr string, bytes []byte) {
	t.Helper()
	conn, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for len(bytes) > 0 {
		n := min(len(bytes), maxDatagram)
		if _, err := conn.Write(bytes[:n]); err != nil {
			t.Fatal(err)
		}
		bytes = bytes[n:]
	}
}
