package main

import (
	"maps"
	"testing"
	"time"
)

// noon is when the clients of these tests began.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func at(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }

// wrote is a write of writer 1, sent at that millisecond.
func sent(number int64, ms, parts int, o outcome) write {
	return write{writer: 1, number: number, parts: parts, node: "n1", sent: at(ms), told: at(ms + 5), outcome: o}
}

// stands is a row of such a write, executed a millisecond later.
func stands(w write, part, server int) row {
	executed := w.sent.Add(time.Millisecond)
	return row{key: key{w.writer, w.number, part}, sent: w.sent.UnixMicro(), server: server, executed: executed.UnixMicro()}
}

func TestChecksOfWhatServersHave(t *testing.T) {
	t.Parallel()
	first, second, third := sent(1, 0, 1, acknowledged), sent(2, 100, 1, acknowledged), sent(3, 200, 1, acknowledged)
	vague, vain := sent(2, 100, 1, unknown), sent(2, 100, 1, refused)
	group, vagueGroup := sent(2, 100, 2, acknowledged), sent(2, 100, 2, unknown)
	for name, c := range map[string]struct {
		writes   []write
		active   []row
		other    []row
		switches int
		want     map[kind]int
		left     int
	}{
		"everything there": {
			writes: []write{first, second}, active: []row{stands(first, 0, 1), stands(second, 0, 1)},
			other: []row{stands(first, 0, 1)},
		},
		"a switch": {
			writes: []write{first, second}, active: []row{stands(first, 0, 1), stands(second, 0, 2)}, switches: 1,
		},
		"unknown, there, and at the others too": {
			writes: []write{vague}, active: []row{stands(vague, 0, 1)}, other: []row{stands(vague, 0, 1)},
		},
		"a switch, and rows in any order": {
			writes: []write{first, second, third}, switches: 1,
			active: []row{stands(third, 0, 2), stands(first, 0, 1), stands(second, 0, 2)},
		},
		"a switch, and writers that are not equally far": {
			writes: []write{third, vague}, switches: 1,
			active: []row{stands(third, 0, 2), stands(vague, 0, 1), stands(sent(9, 50, 1, acknowledged), 0, 1)},
			want:   map[kind]int{strange: 1},
		},
		"acknowledged and gone": {
			writes: []write{first, second}, active: []row{stands(first, 0, 1)}, want: map[kind]int{lost: 1},
		},
		"acknowledged and only where it was": {
			writes: []write{first, second}, active: []row{stands(first, 0, 1)}, other: []row{stands(second, 0, 1)},
			want: map[kind]int{lost: 1},
		},
		"twice": {
			writes: []write{first}, active: []row{stands(first, 0, 1), stands(first, 0, 1)}, want: map[kind]int{duplicated: 1},
		},
		"refused and there": {
			writes: []write{vain}, active: []row{stands(vain, 0, 1)}, want: map[kind]int{undead: 1},
		},
		"refused and left behind": {
			writes: []write{vain}, other: []row{stands(vain, 0, 1)}, want: map[kind]int{undead: 1},
		},
		"unknown, there or not": {writes: []write{vague, sent(4, 300, 1, unknown)}, active: []row{stands(vague, 0, 1)}},
		"half of a transaction": {
			writes: []write{group}, active: []row{stands(group, 1, 1)}, want: map[kind]int{torn: 1},
		},
		"half of an unknown transaction": {
			writes: []write{vagueGroup}, active: []row{stands(vagueGroup, 0, 1)}, want: map[kind]int{torn: 1},
		},
		"a stranger":           {active: []row{stands(first, 0, 1)}, want: map[kind]int{strange: 1}},
		"a stranger elsewhere": {other: []row{stands(first, 0, 1)}, want: map[kind]int{strange: 1}},
		"two servers at once": {
			writes: []write{first, second, third},
			active: []row{stands(first, 0, 1), stands(second, 0, 2), stands(third, 0, 1)}, switches: 1,
			want: map[kind]int{mixed: 1},
		},
		"unknown, and left behind at the end of a turn": {
			writes: []write{first, vague, third}, active: []row{stands(first, 0, 1), stands(third, 0, 2)},
			other: []row{stands(vague, 0, 1)}, switches: 1, left: 1,
		},
		"unknown, and sent to a server when it was another one's turn": {
			writes: []write{first, vague, third}, active: []row{stands(first, 0, 2), stands(third, 0, 2)},
			other: []row{stands(vague, 0, 1)}, left: 1, want: map[kind]int{late: 1},
		},
	} {
		got := checkStored(c.writes, stored{active: c.active, others: map[string][]row{"other": c.other}, switches: c.switches})
		if !maps.Equal(got.problems.counts, c.want) || got.left != c.left {
			t.Errorf("%s: %v, %d left; want %v, %d", name, got.problems, got.left, c.want, c.left)
		}
	}
}

func TestOutcomesAreCounted(t *testing.T) {
	t.Parallel()
	got := checkStored([]write{sent(1, 0, 1, unknown), sent(2, 0, 1, refused), sent(3, 0, 1, refused)}, stored{})
	if want := map[outcome]int{unknown: 1, refused: 2}; !maps.Equal(got.counts, want) {
		t.Errorf("%v, want %v", got.counts, want)
	}
}

func TestChecksOfWhatClientsWereTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(*history)
		of   scenario
		want map[kind]int
	}{
		"nothing": {do: func(*history) {}},
		"errors of the library that moves": {do: func(h *history) {
			h.addError(answerer{moving, "n1"}, errUnknown)
		}},
		"errors of the other library": {
			do:   func(h *history) { h.addError(answerer{still, "n1"}, errUnknown) },
			want: map[kind]int{disturbed: 1},
		},
		"errors of the other library, through a broken node": {do: func(h *history) {
			h.addError(answerer{still, "n2"}, errUnknown)
		}},
		"a session without its library": {
			do:   func(h *history) { h.addError(answerer{moving, "n2"}, errNoLibrary) },
			want: map[kind]int{forgotten: 1},
		},
		"a stale read": {
			do:   func(h *history) { h.addStale(staleRead{node: "n2"}) },
			want: map[kind]int{staleSeen: 1},
		},
		"a stale read where that is no wonder": {
			do: func(h *history) { h.addStale(staleRead{node: "n2"}) }, of: scenario{trusts: true},
		},
		"a session lost": {
			do:   func(h *history) { h.addLost(lostSession{node: "n1"}) },
			want: map[kind]int{closed: 1},
		},
		"a session lost with its node": {do: func(h *history) { h.addLost(lostSession{node: "n2"}) }},
		"a session that hangs": {
			do:   func(h *history) { h.addLost(lostSession{node: "n1", stuck: true}) },
			want: map[kind]int{closed: 1},
		},
		"a session that hangs, and may": {
			do: func(h *history) { h.addLost(lostSession{node: "n1", stuck: true}) }, of: scenario{hangs: true},
		},
	} {
		h := newHistory()
		c.do(h)
		if p := h.checkTold([]string{"n1"}, c.of); !maps.Equal(p.counts, c.want) {
			t.Errorf("%s: %v, want %v", name, p, c.want)
		}
	}
}
