package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"
)

// The stages of a Server's life, in their order. Shutdown may come after any.
const (
	stageServing  uint32 = iota
	stageClearing        // everybody is served; what was under way when it began is waited for
	stageMoving          // sessions stop where they can be moved; nobody is let in
	stageStopping        // sessions end
)

// Bounds of a handover besides the one that its caller gives.
const (
	// loginGrace is how old a connection may be whose client has not logged in, before
	// it is cut off: everybody else waits for it.
	loginGrace = 3 * time.Second
	// overdueGrace is what an overdue session gets to say goodbye.
	overdueGrace = time.Second
	// handoverCheck is how often the sessions are looked at.
	handoverCheck = 5 * time.Millisecond
)

// Why a session is not moved, as HandedOver.Ended counts it.
const (
	endedLate       = "were in a transaction or a statement for too long"
	endedLogin      = "had not logged in"
	endedTLS        = "use TLS"
	endedCompressed = "use compression"
	endedMade       = "had temporary tables, locks, user variables or settings that cannot be made again"
	endedFailed     = "failed"
)

// HandedOver is what HandOver leaves behind.
type HandedOver struct {
	Moved []Moved
	Ended map[string]int // sessions that were ended instead, by the reason
	// Since is when clients began to wait: nobody has been served from then on.
	Since time.Time
}

// departures gathers what the next process goes on with.
type departures struct {
	mu        sync.Mutex
	abandoned bool           // nobody goes on; guarded by mu
	moved     []Moved        // guarded by mu
	ended     map[string]int // guarded by mu
}

func (d *departures) add(m Moved) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.abandoned {
		return m.refuse()
	}
	d.moved = append(d.moved, m)
	return nil
}

func (d *departures) end(reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended == nil {
		d.ended = make(map[string]int)
	}
	d.ended[reason]++
}

// ErrNotServing says that a handover was asked of a Server that is on its way out.
var ErrNotServing = errors.New("the node is stopping already")

// draining says that nobody is let in any more.
func (server *Server) draining() bool { return server.stage.Load() >= stageMoving }

// HandOver stops the Server without ending its sessions: each is left between two
// statements, outside of transactions, and returned for Resume of another Server, which may
// be another process's. What the client sends meanwhile waits in its socket. Connections
// that the listeners' sockets have not handed out yet stay there.
//
// First everybody goes on being served, for up to bound, until what was under way has
// ended once: so a long statement or transaction makes nobody wait. Then sessions stop,
// each as soon as it can, for up to bound again; so nothing that is younger than bound is
// cut off. Sessions that cannot be moved are told that the node stops.
//
// When ctx ends first nothing is handed over: the sessions that had been stopped are ended,
// and Shutdown ends the others. The caller owns the file descriptors that are returned.
func (server *Server) HandOver(ctx context.Context, bound time.Duration) (HandedOver, error) {
	if !server.stage.CompareAndSwap(stageServing, stageClearing) {
		return HandedOver{}, ErrNotServing
	}
	late := server.clear(ctx, bound)
	for _, s := range late {
		s.overdue.Store(true)
	}
	server.mu.Lock()
	if !server.stage.CompareAndSwap(stageClearing, stageMoving) {
		server.mu.Unlock()
		return HandedOver{}, ErrNotServing
	}
	since, err := time.Now(), server.closeListeners()
	server.mu.Unlock()
	if err != nil {
		server.log.Warn("closing the clients' listeners", zap.Error(err))
	}
	server.accepting.Wait()
	if err := server.gather(ctx, bound); err != nil {
		server.abandonMoved()
		return HandedOver{}, err
	}
	server.cancel()
	server.watching.Wait()
	server.leave.mu.Lock()
	defer server.leave.mu.Unlock()
	return HandedOver{Moved: server.leave.moved, Ended: server.leave.ended, Since: since}, nil
}

// clear waits until every session that has logged in was once where it can be moved, or
// has ended, and returns those that were not within bound.
func (server *Server) clear(ctx context.Context, bound time.Duration) (late []*session) {
	left := make(map[uint32]*session)
	for _, s := range server.appendSessions(nil) {
		if s.loggedIn.Load() {
			left[s.id] = s
			s.nudge()
		}
	}
	over, tick := time.After(bound), time.NewTicker(handoverCheck)
	defer tick.Stop()
	for len(left) > 0 {
		select {
		case <-tick.C:
		case <-over:
			for _, s := range left {
				late = append(late, s)
			}
			return late
		case <-ctx.Done():
			return nil
		}
		for id, s := range left {
			if s.passed.Load() || server.session(id) != s {
				delete(left, id)
			}
		}
	}
	return nil
}

// gather waits until every session has been moved or has ended.
func (server *Server) gather(ctx context.Context, bound time.Duration) error {
	done := make(chan struct{})
	go func() {
		server.running.Wait()
		close(done)
	}()
	began, tick := time.Now(), time.NewTicker(handoverCheck)
	defer tick.Stop()
	for _, s := range server.appendSessions(nil) {
		s.nudge()
	}
	for {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("the handover was broken off: %w", context.Cause(ctx))
		case <-tick.C:
		}
		server.hurry(time.Since(began), bound)
	}
}

// hurry ends sessions that make the others wait for too long.
func (server *Server) hurry(waited, bound time.Duration) {
	for _, s := range server.appendSessions(nil) {
		switch {
		case s.fate.Load() == fateMoved:
		case !s.loggedIn.Load():
			if time.Since(s.info.Since) > loginGrace {
				server.cutOff(s, endedLogin)
			}
		case s.overdue.Load() || waited > bound:
			server.press(s)
		}
	}
}

// press has an overdue session say goodbye, or cuts it off if it has not for as long as
// overdueGrace since it became overdue. Only HandOver calls it.
func (server *Server) press(s *session) {
	s.overdue.Store(true)
	now := time.Now()
	if s.overdueSince.IsZero() {
		s.overdueSince = now
	}
	if now.Sub(s.overdueSince) > overdueGrace {
		server.cutOff(s, endedLate)
		return
	}
	s.nudge() // says goodbye if it is idle
}

// cutOff ends a session, unless it was moved, and counts it, unless it was on its way out:
// then it may be at telling that to a client that does not read.
func (server *Server) cutOff(s *session, reason string) {
	if s.decide(fateEnded) {
		server.leave.end(reason)
	}
	if s.fate.Load() == fateEnded {
		s.cut()
	}
}

// abandonMoved ends what was to be handed over, as Shutdown would have.
func (server *Server) abandonMoved() {
	server.leave.mu.Lock()
	defer server.leave.mu.Unlock()
	server.leave.abandoned = true
	for _, m := range server.leave.moved {
		if err := m.refuse(); err != nil {
			server.log.Debug("ending a session that was to be moved", zap.Error(err))
		}
	}
	server.leave.moved = nil
}

// passOn hands a connection over that was accepted while sessions were being moved.
func (server *Server) passOn(conn net.Conn) {
	fd, err := dupSocket(conn)
	if err == nil {
		err = server.leave.add(Moved{FD: fd})
	} else {
		server.leave.end(endedFailed)
	}
	if err := errors.Join(err, conn.Close()); err != nil {
		server.log.Warn("handing a new connection over", zap.Error(err))
	}
}
