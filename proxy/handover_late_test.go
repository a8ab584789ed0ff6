package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/zap"
)

// socketPair returns both ends of a TCP connection.
func socketPair(t *testing.T) (ours, clients *net.TCPConn) {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if clients, err = net.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr)); err != nil {
		t.Fatal(err)
	}
	if ours, err = l.AcceptTCP(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(ours.Close(), clients.Close()) })
	return ours, clients
}

// silentSession is a session that waits for its client.
func silentSession(t *testing.T) *session {
	t.Helper()
	server := &Server{log: zap.NewNop(), sessions: make(map[uint32]*session)}
	server.stage.Store(stageMoving)
	conn, _ := socketPair(t)
	s := newSession(server, 1, conn)
	s.loggedIn.Store(true)
	s.idle.Store(true)
	server.sessions[s.id] = s
	return s
}

// However long others have been waited for, who becomes overdue gets to say goodbye.
func TestAnOverdueSessionIsWokenUpBeforeItIsCutOff(t *testing.T) {
	t.Parallel()
	const bound = 10 * overdueGrace
	s := silentSession(t)
	began := time.Now()
	for range 3 {
		s.server.hurry(2*bound, bound)
	}
	inTime := time.Since(began) < overdueGrace // else the machine was too slow to tell
	if _, err := s.socket.Read(make([]byte, 1)); inTime && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("an overdue session was not woken up: %v", err)
	}
	if inTime && (s.fate.Load() != fateOpen || len(s.server.leave.ended) != 0) {
		t.Errorf("it was ended at once: %v", s.server.leave.ended)
	}
	s.overdueSince = began.Add(-2 * overdueGrace)
	for range 3 {
		s.server.hurry(2*bound, bound)
	}
	if err := s.socket.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.socket.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("it was not cut off in the end: %v", err)
	}
	if ended := s.server.leave.ended; len(ended) != 1 || ended[endedLate] != 1 {
		t.Errorf("counted as %v", ended)
	}
	// What it would say now is too late.
	if s.depart() || len(s.server.leave.ended) != 1 || len(s.server.leave.moved) != 0 {
		t.Errorf("moved %v, ended %v", s.server.leave.moved, s.server.leave.ended)
	}
}

// A session that has just been left to the next process is not cut off.
func TestAMovedSessionIsNotCutOff(t *testing.T) {
	t.Parallel()
	s := silentSession(t)
	if !s.depart() || len(s.server.leave.moved) != 1 {
		t.Fatalf("not moved; ended %v", s.server.leave.ended)
	}
	conn, err := s.server.leave.moved[0].open()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.server.cutOff(s, endedLate) // by who has looked at it a moment before
	if s.killed.Load() || len(s.server.leave.ended) != 0 {
		t.Errorf("cut off; ended %v", s.server.leave.ended)
	}
}
