package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// serverLost says that the backend connection failed. sent tells whether the
// server may have seen any of the command, started whether the client has seen
// any of the answer, midPacket whether that ended inside a packet.
type serverLost struct {
	sent, started, midPacket bool
	err                      error
	broken                   bool // what the server sent is no answer
}

func (e *serverLost) Error() string { return fmt.Sprintf("backend connection lost: %v", e.err) }
func (e *serverLost) Unwrap() error { return e.err }

// errNotHeld says that an answer came when its server was not, for all that this
// node knows, the active one any more.
var errNotHeld = errors.New("the server is not the active one any more, or this node cannot know whether it is")

// clientLost says that the client's connection failed.
type clientLost struct{ err error }

func (e *clientLost) Error() string { return fmt.Sprintf("client connection lost: %v", e.err) }
func (e *clientLost) Unwrap() error { return e.err }

// send passes the command on to the server: what is buffered in one write, the
// rest of a large one buffer by buffer. prefix, unless nil, stands for the first
// skip bytes of the command. When nothing at all was sent the command is still
// buffered and may be sent again elsewhere.
func (s *session) send(cmd command, prefix []byte, skip int) error {
	server := s.att.conn.NetConn()
	var (
		n   int64
		err error
	)
	if prefix == nil {
		var m int
		m, err = server.Write(cmd.head)
		n = int64(m)
	} else {
		parts := net.Buffers{prefix, cmd.head[skip:]}
		n, err = parts.WriteTo(server)
	}
	if err != nil && n == 0 {
		return &serverLost{err: err}
	}
	s.pending, s.att.inFlight = false, true
	s.cmd.head = nil
	s.in.consume(len(cmd.head))
	if cmd.whole {
		if err != nil {
			return &serverLost{sent: true, err: err}
		}
		return nil
	}
	rest := &stickyWriter{w: server, err: err}
	defer s.countSent(rest)
	return s.sendRest(cmd, rest)
}

// sendRest streams what head did not hold. When the server stops taking it, the
// rest is read and dropped, so that the client is ready for an error.
func (s *session) sendRest(cmd command, w *stickyWriter) error {
	err := s.copyRest(cmd, w)
	if errors.Is(err, errTooLong) {
		// The server has got the beginning only, and waits for the rest.
		loss := s.loss(s.anchor())
		s.discard()
		if loss != nil {
			return loss
		}
		return kindTooLarge.with(s.server.cfg.MaxAllowedPacket)
	}
	if err != nil {
		return err
	}
	if w.err != nil {
		return &serverLost{sent: true, err: w.err}
	}
	return nil
}

// errTooLong says that a command is longer than MaxAllowedPacket.
var errTooLong = errors.New("command is too long")

// copyRest copies the rest of the command's first packet and all packets that
// continue it, headers included, from the client to w, which must not fail. Of a
// command that is too long the rest is read and dropped.
//
// Packets are numbered anew: clients that compress number only the frames right.
func (s *session) copyRest(cmd command, w io.Writer) error {
	left, last := wire.HeaderLen+cmd.length-len(cmd.head), cmd.length < wire.MaxPacketPayload
	next := uint8(0)
	for total := int64(cmd.length); ; total += int64(left - wire.HeaderLen) {
		if total > s.server.cfg.MaxAllowedPacket {
			w = io.Discard
		}
		if err := s.copyClient(w, left); err != nil {
			return err
		}
		if last && total > s.server.cfg.MaxAllowedPacket {
			return errTooLong
		}
		if last {
			return nil
		}
		b, err := s.owed(wire.HeaderLen)
		if err != nil {
			return &clientLost{err}
		}
		length, seq := wire.ParseHeader(b)
		next++
		wire.PutHeader(b, length, next)
		s.sequence = seq + 1
		left, last = wire.HeaderLen+length, length < wire.MaxPacketPayload
	}
}

// owed is clientReader.fill for what must follow what the client has sent already.
// Of one that does not go on the session is cut off.
func (s *session) owed(n int) ([]byte, error) {
	if s.in.buffered() < n {
		defer time.AfterFunc(s.server.cfg.StallTimeout, s.cut).Stop()
	}
	return s.in.fill(n)
}

func (s *session) copyClient(w io.Writer, n int) error {
	for n > 0 {
		b, err := s.owed(1)
		if err != nil {
			return &clientLost{err}
		}
		b = b[:min(n, len(b))]
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("copying the client's bytes: %w", err)
		}
		n -= len(b)
		s.in.consume(len(b))
	}
	return nil
}

// stickyWriter keeps its first error and swallows what comes later.
type stickyWriter struct {
	w   io.Writer
	n   int64 // bytes that w took
	err error
}

func (w *stickyWriter) Write(b []byte) (int, error) {
	if w.err == nil {
		var n int
		n, w.err = w.w.Write(b)
		w.n += int64(n)
	}
	return len(b), nil
}

// answer describes how the server's answer to a command is relayed.
type answer struct {
	code byte
	// patch, unless nil, may change the first packet, which it is given whole when
	// it is at most patchSize bytes long.
	patch func(packet []byte)
	// buf holds the first n bytes of the answer, or is nil.
	buf *buffer
	n   int
	// lastRead, unless zero, is when to stop waiting for the answer.
	lastRead time.Time
}

// answer relays the server's answer to the command that was sent last: the same
// bytes, a buffer at a time, and as fast as the client takes them. In the middle of
// a long answer no buffer is held while either side is waited for.
func (s *session) answer(a answer) error {
	s.tracker.Begin(a.code, s.caps)
	server, buf, n := s.att.conn.NetConn(), a.buf, a.n
	a.buf = nil // what is given back must not be kept alive from here
	defer func() {
		if buf != nil {
			buffers.Put(buf)
		}
	}()
	for passed := 0; ; passed += n {
		var err error
		switch {
		case passed >= bufferSize:
			buffers.Put(buf)
			buf = nil
			if err := s.awaitRoom(); err != nil {
				return err
			}
			buf, n, err = s.nextPiece()
		case passed > 0 || n == 0:
			if buf == nil {
				buf = buffers.Get().(*buffer)
			}
			n, err = s.readServer(server, buf[:], a.lastRead)
		}
		if a.patch != nil && err == nil {
			n, err = s.readFirstPacket(server, buf, n)
			if err == nil {
				a.patch(buf[:n])
				a.patch = nil
			}
		}
		if err != nil {
			if gone := (*clientLost)(nil); errors.As(err, &gone) {
				return err
			}
			return &serverLost{sent: true, started: s.tracker.Started(), midPacket: s.tracker.MidPacket(), err: err}
		}
		if !s.att.conn.Held() && !s.att.conn.HeldWithFirstLease() {
			// Whatever it says, another server may be the active one by now.
			return &serverLost{sent: true, started: s.tracker.Started(), midPacket: s.tracker.MidPacket(), broken: true, err: errNotHeld}
		}
		done, err := s.pass(server, buf[:n])
		if done || err != nil {
			return err
		}
	}
}

// pass relays a piece of an answer. done says that the answer has ended with it.
func (s *session) pass(server net.Conn, b []byte) (done bool, err error) {
	for len(b) > 0 {
		used, event, err := s.tracker.Feed(b)
		if used > 0 {
			if err := s.write(b[:used]); err != nil {
				return false, err
			}
			s.countAnswered(used)
		}
		if err != nil {
			return false, &serverLost{
				sent: true, started: s.tracker.Started(), midPacket: s.tracker.MidPacket(), broken: true, err: err,
			}
		}
		b = b[used:]
		switch event {
		case wire.EventLocalInfile:
			if err := s.localInfile(server); err != nil {
				return false, err
			}
		case wire.EventDone:
			// Bytes after the end are nobody's: such a connection is not used again.
			s.att.tainted = s.att.tainted || len(b) > 0
			s.status = s.tracker.Status() & sessionStatus
			s.att.inFlight = false
			return true, nil
		}
	}
	return false, nil
}

// sessionStatus are the status flags that tell about the session. The others
// tell about one answer and must not get into the next one.
const sessionStatus = wire.StatusInTrans | wire.StatusInTransReadonly |
	wire.StatusAutocommit | wire.StatusNoBackslashEscapes

// patchSize covers the header and payload of a COM_STMT_PREPARE_OK.
const patchSize = wire.HeaderLen + 12

// readFirstPacket reads on until buf holds the first packet of an answer or
// patchSize bytes of it.
func (s *session) readFirstPacket(server net.Conn, buf *buffer, n int) (int, error) {
	for {
		want := wire.HeaderLen
		if n >= want {
			length, _ := wire.ParseHeader(buf[:n])
			want = min(want+length, patchSize)
		}
		if n >= want {
			return n, nil
		}
		m, err := s.readServer(server, buf[n:], time.Time{})
		n += m
		if err != nil {
			return n, err
		}
	}
}

// localInfile relays the file that the server has asked the client for: packets
// up to and including an empty one. A server that stops taking it may have said
// why, so the answer is read on in any case.
func (s *session) localInfile(server net.Conn) error {
	w := &stickyWriter{w: server}
	defer s.countSent(w)
	next := s.tracker.NextSequence()
	for continued := false; ; next++ {
		b, err := s.owed(wire.HeaderLen)
		if err != nil {
			return &clientLost{err}
		}
		length, _ := wire.ParseHeader(b)
		wire.PutHeader(b, length, next)
		if err := s.copyClient(w, wire.HeaderLen+length); err != nil {
			return err
		}
		if length == 0 && !continued {
			s.tracker.ResumeLocalInfile(next + 1)
			return nil
		}
		continued = length == wire.MaxPacketPayload
	}
}
