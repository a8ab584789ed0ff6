package proxy

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// turn is the plain case of an exchange with a server: a whole command goes out
// and the first piece of its answer comes in.
//
// The command is written from within the callback of the runtime's poller, so
// that the answer cannot come before the wait for it has begun. That saves the
// read that would find nothing yet, and no buffer is held while the server works.
type turn struct {
	step func(fd uintptr) bool // session.onServer, bound once

	out     []byte // still to be written
	length  int    // of the whole command
	written bool   // some of it was
	in      *buffer
	n       int // bytes in it
	err     error
}

// onServer is called when the wait for the server begins and when there may be
// something to read. It says whether the wait is over.
func (s *session) onServer(fd uintptr) bool {
	t := &s.turn
	if len(t.out) > 0 {
		n, err := writeSocket(int(fd), t.out)
		if n > 0 {
			s.sentSome(n)
		}
		if err != nil && err != unix.EAGAIN {
			t.err = os.NewSyscallError("write", err)
		}
		return len(t.out) > 0
	}
	in := buffers.Get().(*buffer)
	n, err := readSocket(int(fd), in[:])
	if n > 0 {
		t.in, t.n = in, n
		return true
	}
	buffers.Put(in)
	switch err {
	case unix.EAGAIN:
		return false
	case nil:
		t.err = io.EOF
	default:
		t.err = os.NewSyscallError("read", err)
	}
	return true
}

// sentSome notes that the server has got n more bytes of the command. The
// client's buffer is not held longer than it has to be.
func (s *session) sentSome(n int) {
	t := &s.turn
	t.written, t.out = true, t.out[n:]
	if len(t.out) == 0 {
		t.out, s.cmd.head = nil, nil
		s.pending, s.att.inFlight = false, true
		s.in.consume(t.length)
	}
}

// takeTurn sends a whole command and waits for its answer to begin. It returns a
// buffer of the pool with the first bytes, which the caller gives back. When
// nothing at all was sent the command is still buffered and may be sent again
// elsewhere.
func (s *session) takeTurn(socket syscall.RawConn, cmd command) (*buffer, int, error) {
	t := &s.turn
	if t.step == nil {
		t.step = s.onServer
	}
	t.out, t.length, t.written, t.in, t.n, t.err = cmd.head, len(cmd.head), false, nil, 0, nil
	// An idle session must not keep buffers from being freed.
	defer func() { t.out, t.in = nil, nil }()
	for {
		err := s.watchServer()
		if err == nil {
			err = socket.Read(t.step)
		}
		if err == nil {
			err = t.err
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if gone := s.onServerSilence(); gone != nil {
				return nil, 0, gone
			}
		case err == nil && len(t.out) == 0:
			in := t.in
			t.in = nil // buffers of the pool would live as long as the session
			return in, t.n, nil
		case err == nil: // the server takes the command slowly
			var n int
			if n, err = s.att.conn.NetConn().Write(t.out); n > 0 {
				s.sentSome(n)
			}
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			if t.written && len(t.out) > 0 {
				s.sentSome(len(t.out)) // the rest is of no use any more
			}
			return nil, 0, &serverLost{sent: t.written, err: err}
		}
	}
}
