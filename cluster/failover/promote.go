package failover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// position is everything that a server has or will have once it has executed what
// it has received.
func position(f topology.Facts) (string, error) {
	if f.Source == nil {
		return f.Executed, nil
	}
	return topology.Merge(f.Flavour, f.Executed, f.Source.Received)
}

// covers tells whether a has everything that b has. Servers that cannot be compared
// do not cover each other.
func covers(a, b topology.Facts) bool {
	if a.Flavour != b.Flavour {
		return false
	}
	mine, err := position(a)
	if err != nil {
		return false
	}
	theirs, err := position(b)
	if err != nil {
		return false
	}
	covered, err := topology.Covers(a.Flavour, mine, theirs)
	return err == nil && covered
}

// candidate is a server that could come next.
type candidate struct {
	address string
	facts   topology.Facts
}

// candidates returns the servers that could come next: the replicas of the old
// server that apply what they have, the one that was being promoted, and the old
// server itself.
func candidates(l *fsm.Library, v look, after map[string]inspected, failed map[string]bool) []candidate {
	var all []candidate
	for _, s := range l.Servers {
		seen, ok := after[s.Address]
		if !ok || !seen.final || !eligible(s) || !v.usable(s.Address) || failed[s.Address] {
			continue
		}
		switch f := seen.facts; {
		case s.Address == l.Switch.From:
		case s.Address == l.Switch.To && f.Source == nil:
		case v.replicates(f, l.Switch.From) && f.Source.Applying:
		default:
			continue
		}
		all = append(all, candidate{s.Address, seen.facts})
	}
	return all
}

// choosePromoted returns the candidate that has all that any of them has. Where the
// old server waited for replicas and none will do, one that replicates from nobody
// may be the right one: it was promoted and left before.
func choosePromoted(l *fsm.Library, v look, after map[string]inspected, failed map[string]bool) (to, why string) {
	if to, why = chooseCandidate(l, v, after, failed); to != "" || acknowledgements(l, v) == 0 {
		return to, why
	}
	for _, s := range l.Servers {
		seen, ok := after[s.Address]
		if !ok || !seen.final || seen.facts.Source != nil || s.Address == l.Switch.From || !eligible(s) || !v.usable(s.Address) || failed[s.Address] {
			continue
		}
		if couldMiss(l, v, after, candidate{s.Address, seen.facts}) == "" {
			return s.Address, ""
		}
	}
	return "", why
}

func chooseCandidate(l *fsm.Library, v look, after map[string]inspected, failed map[string]bool) (to, why string) {
	all := candidates(l, v, after, failed)
	if len(all) == 0 {
		return "", fmt.Sprintf("no replica of %s that applies what it has received can be reached by a majority of the voters", l.Switch.From)
	}
	best, why := furthest(all, l.Switch.From)
	if why != "" {
		return "", why
	}
	slices.SortStableFunc(best, func(a, b candidate) int {
		return cmp.Compare(preference(l.Switch, a), preference(l.Switch, b))
	})
	chosen := best[0]
	if chosen.address != l.Switch.From && !l.Switch.Forced {
		if why := couldMiss(l, v, after, chosen); why != "" {
			return "", why
		}
	}
	return chosen.address, ""
}

// preference orders candidates that have the same: the lower the better.
func preference(s *fsm.Switch, c candidate) int {
	switch {
	case c.address == s.To:
		return 0
	case c.address == s.From:
		return 1
	case c.facts.Feeds:
		return 2
	default:
		return 3
	}
}

// furthest returns those that cover all others; there is at least one, or why says
// why they cannot be compared.
func furthest(all []candidate, from string) (best []candidate, why string) {
	if len(all) > 1 {
		for _, c := range all {
			if s := c.facts.Source; s != nil && !s.UsesGTID && c.address != from {
				return nil, fmt.Sprintf("it cannot be told which of %s is furthest: %s does not replicate by GTID; name one with `mysqlda library activate LIBRARY SERVER --force`", addresses(all), c.address)
			}
		}
	}
	for _, c := range all {
		if !slices.ContainsFunc(all, func(other candidate) bool { return !covers(c.facts, other.facts) }) {
			best = append(best, c)
		}
	}
	if len(best) == 0 {
		return nil, fmt.Sprintf("servers %s have diverged, each has transactions that another one has not; look at them and name one with `mysqlda library activate LIBRARY SERVER --force`", addresses(all))
	}
	return best, ""
}

func addresses(all []candidate) string {
	list := make([]string, len(all))
	for i, c := range all {
		list[i] = c.address
	}
	return strings.Join(list, " and ")
}

// couldMiss says why the chosen server could lack a write that the old one has
// acknowledged although it was set up to keep such writes; "" if it lacks none, or
// nothing was set up.
func couldMiss(l *fsm.Library, v look, after map[string]inspected, chosen candidate) string {
	old, ok := after[l.Switch.From]
	if ok && old.final && covers(chosen.facts, old.facts) {
		return ""
	}
	acks := acknowledgements(l, v)
	if acks == 0 {
		return ""
	}
	all, looked := 0, 0
	for _, s := range l.Servers {
		seen, ok := after[s.Address]
		if s.Address == l.Switch.From || !mayHaveAcknowledged(l, v, s, seen.facts, ok) {
			continue
		}
		all++
		if !ok {
			continue
		}
		looked++
		if !covers(chosen.facts, seen.facts) {
			return fmt.Sprintf("server %s may have acknowledged writes that %s has not received; bring it back, or give them up with `mysqlda library activate LIBRARY SERVER --force`", s.Address, chosen.address)
		}
	}
	if need := max(all-acks+1, 1); looked < need {
		return fmt.Sprintf("%d of %d semi-synchronous replicas can be looked at and %d are needed to know that no acknowledged write is lost; bring one back, or give such writes up with `mysqlda library activate LIBRARY SERVER --force`", looked, all, need)
	}
	return ""
}

// acknowledgements is how many replicas had received a write before the old server
// acknowledged it, as far as anybody knows; 0 if it waited for none. Whoever says
// that it waited is believed. Where nobody knows, what replicas are set up for
// counts.
func acknowledgements(l *fsm.Library, v look) int {
	least := 0
	said := v.remembered(l.Switch.From)
	for _, f := range said {
		if f.SemiSync.SourceEnabled && f.SemiSync.SourceActive && (least == 0 || f.SemiSync.Acks < least) {
			least = max(f.SemiSync.Acks, 1)
		}
	}
	if len(said) > 0 {
		return least
	}
	for _, s := range l.Servers {
		for _, f := range v.remembered(s.Address) {
			if f.SemiSync.ReplicaEnabled {
				return 1
			}
		}
	}
	return 0
}

// mayHaveAcknowledged tells whether a server may hold acknowledged writes of the
// old one that no other has. f is what it says now, if it was looked at.
func mayHaveAcknowledged(l *fsm.Library, v look, s fsm.Server, f topology.Facts, looked bool) bool {
	if s.Fence == fsm.FenceDue {
		return false // it is fenced before it is made a replica again
	}
	said := v.remembered(s.Address)
	if looked {
		said = []topology.Facts{f}
	}
	if len(said) == 0 {
		return true
	}
	return slices.ContainsFunc(said, func(f topology.Facts) bool {
		return f.SemiSync.ReplicaEnabled && (s.Excluded == "" || v.replicates(f, l.Switch.From))
	})
}
