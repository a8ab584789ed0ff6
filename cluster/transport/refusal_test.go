package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// Whatever is sent, what follows is one connection less, and the port goes on.
func TestGarbageOnAPortWithTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	p := securePort(t, ca.security(ca.node(t, "n1"), true))
	cluster := NewClusterID()
	p.SetCluster(cluster)
	for _, garbage := range []string{
		"GET / HTTP/1.1\r\n\r\n", "R\x01", "G\x01PRI * HTTP/2.0", "\x16", "\x16\x03\x01\x00\x05hello", "\x16\x03\x01\xff\xff" + strings.Repeat("x", 70000),
		"\x15\x03\x03\x00\x02\x02\x74", "\x00", strings.Repeat("\xff", 1<<20),
	} {
		conn, err := net.Dial("tcp", p.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		// The other side may hang up in the middle.
		conn.Write([]byte(garbage))
		conn.(*net.TCPConn).CloseWrite()
		answer, err := io.ReadAll(conn)
		if len(answer) > len(alertWantsTLS) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%.20q was answered %q, %v", garbage, answer, err)
		}
		conn.Close()
	}
	if err := exchange(t, p, ca.security(ca.node(t, "n2"), true), cluster); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestWarningsOfRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	p := securePort(t, ca.security(ca.node(t, "n1"), true))
	const strangers = 10 * refusalWarnings
	began := time.Now()
	for range strangers {
		conn, err := net.Dial("tcp", p.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte("G"))
		conn.(*net.TCPConn).CloseWrite()
		conn.SetDeadline(time.Now().Add(patience))
		io.Copy(io.Discard, conn) // until it is refused
		conn.Close()
	}
	p.Mux.Close()
	if n := count(t, p.Mux, "plain"); n != strangers {
		t.Errorf("%v were counted, want %d", n, strangers)
	}
	windows := int(time.Since(began)/refusalWindow) + 2
	if n := p.logs.Len(); n == 0 || n > refusalWarnings*windows {
		t.Errorf("%d warnings of %d strangers in %d windows", n, strangers, windows)
	}
}
