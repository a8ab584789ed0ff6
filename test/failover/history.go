package main

import (
	"fmt"
	"sync"
	"time"
)

// write is one autocommitted statement or one transaction, and what its client was
// told of it.
type write struct {
	writer int
	number int64 // of the writer's writes, from 1 on
	parts  int   // rows
	node   string
	sent   time.Time // before the client sent anything of it
	told   time.Time
	outcome
}

// timing is a statement in the library where nothing happens.
type timing struct {
	node string
	sent time.Time
	took time.Duration
}

// staleRead is a read that did not see what was acknowledged before it was sent.
type staleRead struct {
	node   string
	sent   time.Time
	writer int
	saw    int64
	last   int64 // acknowledged
}

// lostSession is a client's connection that ended without the client's doing.
type lostSession struct {
	node  string
	at    time.Time
	stuck bool // it was given up, because an answer did not come in time
	why   string
}

// history is what the clients of a run were told. It may be used from any goroutine.
type history struct {
	mu      sync.Mutex
	writes  map[string][]write // by library
	timings []timing
	stale   []staleRead
	lost    []lostSession
	errors  map[answerer]map[uint16]int // that were answers, by number
	acked   map[answerer]time.Time
}

// answerer is who answers a client.
type answerer struct{ library, node string }

func newHistory() *history {
	return &history{writes: map[string][]write{}, errors: map[answerer]map[uint16]int{}, acked: map[answerer]time.Time{}}
}

func (h *history) addWrite(library string, w write) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writes[library] = append(h.writes[library], w)
	if w.outcome == acknowledged {
		h.acked[answerer{library, w.node}] = w.sent
	}
}

func (h *history) addTiming(t timing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timings = append(h.timings, t)
}

func (h *history) addStale(s staleRead) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stale = append(h.stale, s)
}

func (h *history) addLost(l lostSession) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost = append(h.lost, l)
}

func (h *history) addError(from answerer, number uint16) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.errors[from] == nil {
		h.errors[from] = map[uint16]int{}
	}
	h.errors[from][number]++
}

// lastAcked is when the last write through a node was sent of which it is known by
// now that it was acknowledged.
func (h *history) lastAcked(library, node string) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.acked[answerer{library, node}]
}

// String describes a write.
func (w write) String() string {
	return fmt.Sprintf("write %d of writer %d through node %s, %d rows, sent %s, after %s %s",
		w.number, w.writer, w.node, w.parts, clock(w.sent), w.told.Sub(w.sent).Round(time.Millisecond), w.outcome)
}
