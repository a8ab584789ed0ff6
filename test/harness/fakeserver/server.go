package fakeserver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"
)

// stepTimeout bounds how long a connection waits for its client or for the
// network, so that a test that hangs says where.
const stepTimeout = 20 * time.Second

// Step is one thing that a server does on a connection. An error ends the
// connection and fails the test.
type Step func(c *Conn) error

// Script is what a server does on one connection, from the first byte on. The
// connection is closed behind the last step.
type Script []Step

// Options configure a Server.
type Options struct {
	// TLS is what clients that ask for TLS get. nil: Greet offers none.
	TLS *tls.Config
}

// Server listens on a free port of 127.0.0.1 and plays a script on each
// connection. Its methods may be called from any goroutine.
type Server struct {
	tb       testing.TB
	options  Options
	listener net.Listener

	mu      sync.Mutex
	scripts []Script
	open    map[net.Conn]struct{}
	count   int
	closed  bool
	running sync.WaitGroup
}

// Start starts a server that ends with the test. The first connection gets the
// first script, and so on; the last script is everybody's from then on.
func Start(tb testing.TB, options Options, scripts ...Script) *Server {
	tb.Helper()
	if len(scripts) == 0 {
		tb.Fatal("a fake server needs a script")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("start a fake server: %v", err)
	}
	s := &Server{tb: tb, options: options, listener: listener, scripts: scripts, open: make(map[net.Conn]struct{})}
	s.running.Add(1)
	go s.accept()
	tb.Cleanup(s.Close)
	return s
}

// Addr is the server's address, "127.0.0.1:port".
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Connections is how many connections have been accepted.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Close ends all connections and waits for their scripts. What they meet
// meanwhile is no failure.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	err := s.listener.Close()
	for conn := range s.open {
		_ = conn.Close() // the script meets the error, and is not asked for it
	}
	s.mu.Unlock()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		s.tb.Errorf("end a fake server: %v", err)
	}
	s.running.Wait()
}

func (s *Server) accept() {
	defer s.running.Done()
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if !s.isClosed() {
				s.tb.Errorf("fake server at %s: accept: %v", s.Addr(), err)
			}
			return
		}
		if script, number, ok := s.admit(conn); ok {
			go s.play(conn, script, number)
		}
	}
}

// admit notes a connection and picks its script.
func (s *Server) admit(conn net.Conn) (script Script, number int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close()
		return nil, 0, false
	}
	script = s.scripts[min(s.count, len(s.scripts)-1)]
	s.count++
	s.open[conn] = struct{}{}
	s.running.Add(1)
	return script, s.count, true
}

func (s *Server) play(raw net.Conn, script Script, number int) {
	defer s.running.Done()
	c := &Conn{conn: raw, raw: raw, tls: s.options.TLS, Number: number}
	at, err := script.play(c)
	_ = raw.Close() // the client may have been first
	s.mu.Lock()
	delete(s.open, raw)
	s.mu.Unlock()
	if err != nil && !s.isClosed() {
		s.tb.Errorf("fake server at %s, connection %d, step %d: %v", s.Addr(), number, at+1, err)
	}
}

// play goes through the steps until one fails or ends the script.
func (script Script) play(c *Conn) (at int, err error) {
	for at, step := range script {
		if err := c.raw.SetDeadline(time.Now().Add(stepTimeout)); err != nil {
			return at, fmt.Errorf("set a deadline: %w", err)
		}
		switch err := step(c); {
		case errors.Is(err, errEnd):
			return at, nil
		case err != nil:
			return at, err
		}
	}
	return len(script), nil
}

// errEnd ends a script that went as it should.
var errEnd = errors.New("the script ends here")

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
