package admin

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/fsm"
)

// aState is a state whose backup has about that many bytes.
func aState(t *testing.T, size int) *fsm.Snapshot {
	t.Helper()
	m := fsm.New()
	index := uint64(0)
	apply := func(command []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		index++
		if r, err := m.Apply(index, command); err != nil || r.Err != nil {
			t.Fatal(err, r.Err)
		}
	}
	apply(fsm.Bootstrap{
		Settings:  fsm.Settings{ClusterID: strings.Repeat("01", 16), User: "app"},
		Libraries: []fsm.AddLibrary{{Name: "one", Weight: 1, Servers: []fsm.Server{{Address: "h:1"}}}},
	}.Encode())
	name := strings.Repeat("x", 50)
	for done, n := 0, 0; done < size; {
		var items []fsm.Item
		for ; len(items) < 1000 && done < size; n++ {
			items = append(items, fsm.AssignItem(fmt.Sprintf("%s%d", name, n), 1))
			done += 54
		}
		apply(fsm.Batch{RingVersion: m.Libraries().Version(), Items: items}.Encode())
	}
	return m.Snapshot()
}

// serveWithStall serves a node whose readers may stall for that long. Each
// connection that the server closes is reported.
func serveWithStall(t *testing.T, node Node, stall time.Duration) (address string, closed <-chan struct{}) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	reported := make(chan struct{}, 100)
	server := New(Config{Node: node, Metrics: prometheus.NewRegistry(), Logger: zaptest.NewLogger(t)})
	server.stall = stall
	served := make(chan error, 1)
	go func() { served <- server.Serve(&reportingListener{ln, reported}) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(server.Shutdown(ctx), <-served); err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String(), reported
}

type reportingListener struct {
	net.Listener
	closed chan<- struct{}
}

func (l *reportingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &reportingConn{conn, l.closed}, nil
}

type reportingConn struct {
	net.Conn
	closed chan<- struct{}
}

func (c *reportingConn) Close() error {
	err := c.Conn.Close()
	if err == nil {
		c.closed <- struct{}{}
	}
	return err
}

func TestABackupArrivesWhole(t *testing.T) {
	node := &fakeNode{snapshot: aState(t, 3<<20)}
	var want bytes.Buffer
	if _, err := node.snapshot.WriteTo(&want); err != nil {
		t.Fatal(err)
	}
	stream, err := NewClient(serve(t, node), Credentials{}).Backup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(stream)
	if err := errors.Join(err, stream.Close()); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes of %d, %v", len(got), want.Len(), err)
	}
}

func TestABackupThatIsRefusedSaysWhy(t *testing.T) {
	node := &fakeNode{err: fsm.ErrNoLeader}
	_, err := NewClient(serve(t, node), Credentials{}).Backup(t.Context())
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.StatusCode != http.StatusServiceUnavailable || !strings.Contains(refused.Message, "majority") {
		t.Errorf("got %v", err)
	}
}

// The kernel's buffers take some megabytes; the rest has to wait for the reader.
const moreThanBuffers = 24 << 20

func TestAReaderOfABackupThatStallsIsCutOff(t *testing.T) {
	node := &fakeNode{snapshot: aState(t, moreThanBuffers)}
	address, closed := serveWithStall(t, node, 200*time.Millisecond)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /api/v1/backup HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Fatal("it was not cut off")
	}
	// Whether what the kernel still has arrives does not matter, the end does.
	if got, _ := io.ReadAll(conn); len(got) >= moreThanBuffers || bytes.HasSuffix(got, []byte("0\r\n\r\n")) {
		t.Errorf("the stalled reader got all %d bytes", len(got))
	}
}

func TestASlowReaderOfABackupIsServedWhileItMakesProgress(t *testing.T) {
	node := &fakeNode{snapshot: aState(t, moreThanBuffers)}
	const stall = 500 * time.Millisecond
	address, _ := serveWithStall(t, node, stall)
	stream, err := NewClient(address, Credentials{}).Backup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	// A pause of half the bound every few megabytes: longer than the bound in all.
	pace := time.NewTicker(stall / 2)
	defer pace.Stop()
	began := time.Now()
	for {
		_, err := io.CopyN(io.Discard, stream, 4<<20)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		<-pace.C
	}
	if took := time.Since(began); took < 2*stall {
		t.Errorf("it took %s only", took)
	}
}

func TestOnlySoManyBackupsAreSentAtATime(t *testing.T) {
	node := &fakeNode{snapshot: aState(t, moreThanBuffers)}
	client := NewClient(serve(t, node), Credentials{})
	var streams []io.ReadCloser
	for range maxBackups {
		stream, err := client.Backup(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, stream)
	}
	var refused *RefusedError
	if _, err := client.Backup(t.Context()); !errors.As(err, &refused) || refused.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more: %v", err)
	}
	for _, s := range streams {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestABackupWhoseNodeFallsSilentOrDiesFails(t *testing.T) {
	var piece bytes.Buffer
	if _, err := aState(t, 100<<10).WriteTo(&piece); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dies bool
		want string
	}{
		"silent": {false, errSilent.Error()},
		"dead":   {true, "broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			client := NewClient(ln.Addr().String(), Credentials{})
			client.stall = 200 * time.Millisecond
			peer := make(chan net.Conn, 1)
			go func() {
				conn, err := ln.Accept()
				if err != nil {
					close(peer)
					return
				}
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil { // a client breaks off when it is answered before it has asked
					t.Error(err)
				}
				fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", piece.Len(), piece.Bytes()[:piece.Len()/2])
				if c.dies {
					_ = conn.Close()
				}
				peer <- conn
			}()
			stream, err := client.Backup(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Close()
			_, err = io.ReadAll(stream)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if conn := <-peer; conn != nil {
				_ = conn.Close()
			}
		})
	}
}
