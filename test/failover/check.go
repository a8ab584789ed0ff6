package main

import (
	"slices"
	"time"
)

// stored is what the servers of a library have in the end.
type stored struct {
	active []row
	others map[string][]row // by the server's address
	// switches is how often the active server has changed.
	switches int
}

// checked is what came of holding stored rows against what clients were told.
type checked struct {
	problems
	counts map[outcome]int
	// left are rows that only servers have that are not active: of writes of unknown
	// outcome.
	left int
}

// checkStored holds what servers have against what clients were told.
func checkStored(writes []write, s stored) checked {
	c := checked{counts: map[outcome]int{}}
	known := map[key]*write{}
	for i, w := range writes {
		c.counts[w.outcome]++
		for part := range w.parts {
			known[key{w.writer, w.number, part}] = &writes[i]
		}
	}
	times := map[key]int{}
	for _, r := range s.active {
		times[r.key]++
		if known[r.key] == nil {
			c.add(strange, "%+v", r)
		}
	}
	for _, w := range writes {
		c.checkWrite(w, times)
	}
	took := turns(s.active)
	if len(took) > s.switches+1 {
		c.add(mixed, "%d turns with %d switches: %v", len(took), s.switches, took)
	}
	for server, rows := range s.others {
		for _, r := range rows {
			if times[r.key] == 0 {
				c.checkLeft(server, r, known[r.key], took)
			}
		}
	}
	return c
}

// checkWrite looks at how often the active server has each row of a write.
func (c *checked) checkWrite(w write, times map[key]int) {
	there := 0
	for part := range w.parts {
		n := times[key{w.writer, w.number, part}]
		there += min(n, 1)
		if n > 1 {
			c.add(duplicated, "%d times part %d of %v", n, part, w)
		}
	}
	switch {
	case w.outcome == acknowledged && there == 0:
		c.add(lost, "%v", w)
	case w.outcome == refused && there > 0:
		c.add(undead, "%d rows of %v", there, w)
	case there > 0 && there < w.parts:
		c.add(torn, "%d rows of %v", there, w)
	}
}

// checkLeft looks at a row that only a server has that is not active. It may have
// been written there while that server had its turn, if the client does not know.
func (c *checked) checkLeft(server string, r row, w *write, took []turn) {
	switch {
	case w == nil:
		c.add(strange, "at %s: %+v", server, r)
	case w.outcome == refused:
		c.add(undead, "at %s: %v", server, *w)
	case w.outcome == acknowledged: // it is lost
	default:
		c.left++
		if turn := turnAt(took, r.sent); turn != r.server {
			c.add(late, "to %s, when it was the turn of server %d: %v, executed %s later", server, turn, *w,
				time.Duration(r.executed-r.sent)*time.Microsecond)
		}
	}
}

// checkTold looks at what clients were told that nothing on any server says. Nothing
// was done to the nodes named.
func (h *history) checkTold(untouched []string, of scenario) (p problems) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.stale {
		if of.trusts {
			break
		}
		p.add(staleSeen, "through node %s at %s: writer %d's last is %d, and %d was acknowledged", s.node, clock(s.sent), s.writer, s.saw, s.last)
	}
	for _, l := range h.lost {
		if slices.Contains(untouched, l.node) && !(l.stuck && of.hangs) {
			p.add(closed, "with node %s at %s: %s", l.node, clock(l.at), l.why)
		}
	}
	for from, numbers := range h.errors {
		for number, n := range numbers {
			if number == errNoLibrary {
				p.add(forgotten, "%d times, library %s, through node %s", n, from.library, from.node)
			}
			if from.library == still && slices.Contains(untouched, from.node) {
				p.add(disturbed, "%d times error %d, through node %s", n, number, from.node)
			}
		}
	}
	return p
}

// clock is a time of day as logs have it.
func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }
