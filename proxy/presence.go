package proxy

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// clientCheck is how long a session waits for its server, or for the cluster,
// before it looks whether the client is still there, and again after that. A
// client that has gone is noticed after twice as long at most.
const clientCheck = time.Second

// errClientGone ends what was under way for a client that is not there any more.
var errClientGone = errors.New("the client has gone")

// gone tells whether the client has closed its side or its connection broke. It
// reads nothing away, does not wait, and may be called from any goroutine.
//
// A client that has sent something ahead and closed its side may still want the
// answers: then, as told by ahead and by the socket, only a broken connection
// counts.
func (c *clientReader) gone(ahead bool) bool {
	if c.raw == nil {
		return false
	}
	gone := false
	err := c.raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch err {
		case nil:
			gone = n == 0 && !ahead
		case syscall.EAGAIN, syscall.EINTR:
		default:
			gone = true
		}
	})
	return gone || err != nil
}

// untilClientGone returns a context for waiting for the cluster: it ends when
// the client has gone, with the cause errClientGone, or when sessions are cut
// off. stop must be called when the wait is over. A short wait costs a timer; no
// goroutine runs before clientCheck has passed.
func (s *session) untilClientGone(cmd command) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(s.server.ctx)
	ahead := s.in.buffered() > len(cmd.head)
	first := time.AfterFunc(clientCheck, func() {
		tick := time.NewTicker(clientCheck)
		defer tick.Stop()
		for !s.in.gone(ahead) {
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
		cancel(nil)
	}
}

// readServer reads a piece of an answer. When the server is silent for long it
// looks whether there is still a client to answer; if not, the statement is
// ended on the server too. lastRead, unless zero, is when to stop reading.
//
// The deadline by which it wakes up is moved on only when it is near, so that
// short statements do not pay for it.
func (s *session) readServer(server net.Conn, b []byte, lastRead time.Time) (int, error) {
	for {
		if now := time.Now(); s.att.check.Sub(now) < clientCheck/2 {
			s.att.check = now.Add(clientCheck)
			if err := server.SetReadDeadline(s.att.check); err != nil {
				return 0, err
			}
		}
		n, err := server.Read(b)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		s.att.check = time.Time{}
		if s.in.gone(s.in.buffered() > 0) {
			s.abandon()
			return 0, &clientLost{errClientGone}
		}
		if !lastRead.IsZero() && time.Now().After(lastRead) {
			return 0, err
		}
	}
}

// abandon ends the statement that the server is executing for a client that has
// gone. When that fails, closing the backend connection has to do.
func (s *session) abandon() {
	s.server.metrics.abandoned.Inc()
	if err := s.killQuery(); err != nil {
		s.server.log.Warn("the statement of a client that has gone may go on", s.fields(err)...)
		return
	}
	s.server.log.Info("ended the statement of a client that has gone", zap.Uint32("session", s.id))
}
