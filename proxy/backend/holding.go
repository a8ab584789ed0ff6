package backend

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// holding is the connections of one library that sessions have.
type holding struct {
	watchers atomic.Int32 // that wait for news

	mu    sync.Mutex
	conns map[*Conn]struct{} // guarded by mu
	news  chan struct{}      // guarded by mu; closed when one was put to rest or given back; nil while nobody waits
}

// holdingOf returns the library's, which lives as long as the manager.
func (m *Manager) holdingOf(library fsm.LibraryID) *holding {
	if h, ok := m.holdings.Load(library); ok {
		return h.(*holding)
	}
	h, _ := m.holdings.LoadOrStore(library, &holding{conns: make(map[*Conn]struct{})})
	return h.(*holding)
}

func (h *holding) add(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns[c] = struct{}{}
}

func (h *holding) drop(c *Conn) {
	h.mu.Lock()
	delete(h.conns, c)
	h.mu.Unlock()
	h.rest()
}

// rest is called after a connection was put to rest. Who watches counts itself
// before it looks: one of the two sees the other.
func (h *holding) rest() {
	if h == nil || h.watchers.Load() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.news != nil {
		close(h.news)
		h.news = nil
	}
}

// cut ends the connections that were acquired before that epoch, without waiting
// for those who have them, and returns how many it has cut.
func (h *holding) cut(epoch uint64) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.conns {
		if c.epoch < epoch && c.sever() {
			n++
		}
	}
	return n
}

// open counts the connections of that epoch that are not quiet: on others nothing can
// be sent, whatever their sessions have not noticed yet. The channel is closed when one
// is put to rest or given back afterwards.
func (h *holding) open(epoch uint64) (n int, news <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.news == nil {
		h.news = make(chan struct{})
	}
	for c := range h.conns {
		if c.epoch == epoch && c.state.Load() != quiet {
			n++
		}
	}
	return n, h.news
}

// cutRetired cuts the connections of libraries whose epoch has passed since those of
// before. The caller has published the routes of now: a connection that it does not
// find yet is looked at by who acquires it.
func (m *Manager) cutRetired(before, now *fsm.LibrarySet) {
	for _, library := range now.All() {
		old := before.ByID(library.ID)
		if old == nil || old.ActiveEpoch == library.ActiveEpoch {
			continue
		}
		if n := m.holdingOf(library.ID).cut(library.ActiveEpoch); n > 0 {
			m.cfg.Logger.Info("connections to a server that is not the active one any more were cut",
				zap.String("library", library.Name), zap.String("server", old.Active), zap.Int("connections", n))
		}
	}
}

// Release returns when nothing that this node's sessions send can reach a server of
// the library by the right of an epoch before that one. First it waits to be told of
// that epoch; then it cuts the connections of earlier ones. It does not wait for their
// sessions: nothing more goes out on a connection that was cut, and no answer from it
// is passed on. What was on its way to the server the session calls lost.
//
// The error is the context's.
func (m *Manager) Release(ctx context.Context, library fsm.LibraryID, epoch uint64) error {
	for {
		table := m.routes.Load()
		if r := table.byLibrary[library]; table.closed || r != nil && r.epoch >= epoch {
			m.holdingOf(library).cut(epoch)
			return nil
		}
		select {
		case <-table.replaced:
		case <-ctx.Done():
			return fmt.Errorf("waiting to be told of epoch %d of library %d: %w", epoch, library, ctx.Err())
		}
	}
}

// Drained returns, with 0, when the library is draining in that epoch and no session
// of this node has a command in flight or a transaction open there, or when the
// epoch is over. When ctx ends first it returns how many have, 0 where the library
// does not drain, and the context's error.
func (m *Manager) Drained(ctx context.Context, library fsm.LibraryID, epoch uint64) (open int, err error) {
	h := m.holdingOf(library)
	h.watchers.Add(1)
	defer h.watchers.Add(-1)
	for {
		table := m.routes.Load()
		r := table.byLibrary[library]
		if table.closed || r != nil && r.epoch > epoch {
			return 0, nil
		}
		open = 0
		var news <-chan struct{}
		if r != nil && r.epoch == epoch && r.draining {
			open, news = h.open(epoch)
			// What was quiet may have begun something since if it drains no more.
			if open == 0 && m.routes.Load() == table {
				return 0, nil
			}
		}
		select {
		case <-news:
		case <-table.replaced:
		case <-ctx.Done():
			return open, fmt.Errorf("waiting for library %d to drain, %d of its connections are in use: %w", library, open, ctx.Err())
		}
	}
}
