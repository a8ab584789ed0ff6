package proxy

import (
	"errors"
	"os"
	"time"
)

// awaitRoom waits until the client's socket takes more.
//
// A buffer that is being written is held until the last byte is taken. So in a
// long answer nothing more is read before there is room, and a client that hardly
// reads costs no buffer.
func (s *session) awaitRoom() error {
	if s.in.socket == nil {
		return nil
	}
	if err := s.in.socket.Write(onWritable); err != nil {
		return &clientLost{err}
	}
	return nil
}

// onWritable is called when there may be room, and says whether the wait is over.
func onWritable(fd uintptr) bool { return hasRoom(int(fd)) }

// nextPiece waits for more of an answer that goes on, and returns a buffer of the
// pool with it, which may be nil with an error. Nothing is held while the server is
// silent, unless the connection to it is encrypted.
func (s *session) nextPiece() (*buffer, int, error) {
	socket := s.att.conn.Raw()
	if socket == nil {
		buf := buffers.Get().(*buffer)
		n, err := s.readServer(s.att.conn.NetConn(), buf[:], time.Time{})
		return buf, n, err
	}
	t := &s.turn
	if t.step == nil {
		t.step = s.onServer
	}
	t.out, t.in, t.n, t.err = nil, nil, 0, nil
	for {
		err := s.watchServer()
		if err == nil {
			err = socket.Read(t.step)
		}
		if err == nil {
			err = t.err
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if err = s.onServerSilence(); err == nil {
				continue
			}
		}
		buf := t.in
		t.in = nil
		return buf, t.n, err
	}
}
