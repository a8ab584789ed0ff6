package proxy

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// clientCheck is how long a session waits for its server, or for the cluster,
// before it looks whether the client is still there, and again after that. A
// client that has gone is noticed after twice as long at most.
const clientCheck = time.Second

// Why a wait ends before its time.
var (
	// errClientGone: the client is not there any more.
	errClientGone = errors.New("the client has gone")
	// errInterrupted: by a KILL QUERY.
	errInterrupted = errors.New("the statement was killed")
)

// gone tells whether the client has closed its side or its connection broke. It
// reads nothing away, does not wait, and may be called from any goroutine.
//
// A client that has sent something ahead and closed its side may still want the
// answers: then, as told by ahead and by the socket, only a broken connection
// counts. Who has said goodbye does not. Under TLS the farewell itself lies in the
// socket, so there a closed side counts always: then direct is false.
func (c *clientReader) gone(ahead, direct bool) bool {
	if c.socket == nil {
		return false
	}
	gone := false
	err := c.socket.Control(func(fd uintptr) {
		switch closed, broken := hungUp(int(fd)); {
		case broken:
			gone = true
		case !closed:
		case !direct:
			gone = true
		default:
			gone = !ahead && !pending(int(fd))
		}
	})
	return gone || err != nil
}

// pending tells whether there is anything but a farewell to read before the end.
func pending(fd int) bool {
	var b [wire.HeaderLen + 1]byte
	n, _, err := unix.Recvfrom(fd, b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err == nil && wants(b[:max(n, 0)])
}

// wants tells whether the bytes that a client has sent ahead begin with something
// that is to be answered: with anything but COM_QUIT.
func wants(b []byte) bool {
	return len(b) > 0 && !bytes.HasPrefix(b, []byte{1, 0, 0, 0, wire.ComQuit})
}

// ahead tells whether the client has sent something ahead that it wants to have
// answered, behind the first n buffered bytes. What is still in the socket does
// not count.
func (c *clientReader) ahead(n int) bool {
	return c.buffered() > n && wants(c.buf[c.r+n:c.w])
}

// untilClientGone returns a context for waiting for the cluster or for a backend
// connection: it ends when the client has gone, when the session or its statement
// is killed, or when sessions are cut off; see waitError. stop must be called when
// the wait is over. A short wait costs a timer; no goroutine runs before
// clientCheck has passed.
func (s *session) untilClientGone(cmd command) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(s.server.ctx)
	s.setInterrupt(cancel)
	ahead, direct := s.in.ahead(len(cmd.head)), s.in.direct
	first := time.AfterFunc(clientCheck, func() {
		tick := time.NewTicker(clientCheck)
		defer tick.Stop()
		for !s.in.gone(ahead, direct) {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
		cancel(errClientGone)
	})
	return ctx, func() {
		first.Stop()
		s.setInterrupt(nil)
		cancel(nil)
	}
}

// waitError is the error of a wait with a context of untilClientGone: err, unless
// the wait ended before its time.
func waitError(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errClientGone):
		return &clientLost{errClientGone}
	case errors.Is(cause, errInterrupted):
		return kindInterrupted.with()
	}
	return err
}

// setInterrupt sets what KILL calls, nil for nothing.
func (s *session) setInterrupt(interrupt context.CancelCauseFunc) {
	s.reach.Lock()
	defer s.reach.Unlock()
	s.interrupt = interrupt
}

// readServer reads a piece of an answer. When the server is silent for long it
// looks whether there is still a client to answer; if not, the statement is
// ended on the server too. lastRead, unless zero, is when to stop reading.
func (s *session) readServer(server net.Conn, b []byte, lastRead time.Time) (int, error) {
	for {
		if err := s.watchServer(); err != nil {
			return 0, err
		}
		n, err := server.Read(b)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if gone := s.onServerSilence(); gone != nil {
			return 0, gone
		}
		if !lastRead.IsZero() && time.Now().After(lastRead) {
			return 0, err
		}
	}
}

// watchServer bounds the next wait for the server. The deadline by which it
// wakes up is moved on only when it is near, so that short statements do not pay
// for it.
func (s *session) watchServer() error {
	now := time.Now()
	if s.att.check.Sub(now) >= clientCheck/2 {
		return nil
	}
	s.att.check = now.Add(clientCheck)
	return s.att.conn.NetConn().SetReadDeadline(s.att.check)
}

// onServerSilence is called when the wait for the server has reached its bound.
// The error says that there is nobody to answer any more.
func (s *session) onServerSilence() error {
	s.att.check = time.Time{}
	if s.in.gone(s.in.ahead(0), s.in.direct) {
		s.abandon()
		return &clientLost{errClientGone}
	}
	return nil
}

// abandon ends the statement that the server is executing for a client that has
// gone, and with it the connection: of several statements the server would go on
// with the next, and SLEEP is no error when it is ended. When that fails, closing
// the backend connection has to do.
func (s *session) abandon() {
	s.server.metrics.abandoned.Inc()
	if err := s.killThread(false, abandonTimeout); err != nil {
		s.server.log.Warn("the statement of a client that has gone may go on", s.fields(err)...)
		return
	}
	s.server.log.Info("ended the statement of a client that has gone", zap.Uint32("session", s.id))
}
