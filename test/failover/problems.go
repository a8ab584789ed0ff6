package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kind is a kind of what must not be.
type kind string

// The kinds.
const (
	lost       kind = "lost"             // acknowledged, and not on the active server
	duplicated kind = "duplicated"       // on the active server more than once
	undead     kind = "refused and done" // nothing of it was done, the client was told
	torn       kind = "half done"        // a part of a transaction
	strange    kind = "nobody's"         // nobody has written it
	late       kind = "sent too late"    // sent to a server when it was another one's turn
	mixed      kind = "two servers"      // two servers took turns that no switch gave them
	staleSeen  kind = "not seen"         // acknowledged, and a later read did not see it
	closed     kind = "session lost"     // through a node that nothing was done to
	disturbed  kind = "other library"    // a statement of the other library failed
	forgotten  kind = "no library"       // a session forgot its library
	unsettled  kind = "not whole again"  // what was broken did not heal
	differing  kind = "replica differs"  // a server that follows has other rows
	writable   kind = "writable"         // a server takes writes that is not the active one
	wrote      kind = "log"              // a node's log has what it must not have
	unexpected kind = "switches"         // more or fewer switches than the scenario asks for
	hasty      kind = "too soon"         // a switch began while the library was to rest
	failed     kind = "scenario"         // it could not be gone through
)

// worst is how many examples of each kind are told.
const worst = 5

// problems are what was found that must not be.
type problems struct {
	counts   map[kind]int
	examples map[kind][]string
}

func (p *problems) add(k kind, format string, args ...any) {
	if p.counts == nil {
		p.counts, p.examples = map[kind]int{}, map[kind][]string{}
	}
	p.counts[k]++
	if len(p.examples[k]) < worst {
		p.examples[k] = append(p.examples[k], fmt.Sprintf(format, args...))
	}
}

// merge adds all that others has.
func (p *problems) merge(others problems) {
	for _, k := range slices.Sorted(maps.Keys(others.counts)) {
		for i := range others.counts[k] {
			example := ""
			if i < len(others.examples[k]) {
				example = others.examples[k][i]
			}
			p.add(k, "%s", example)
		}
	}
}

func (p problems) none() bool { return len(p.counts) == 0 }

// String lists them, with examples.
func (p problems) String() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(p.counts)) {
		fmt.Fprintf(&b, "%s: %d\n", k, p.counts[k])
		for _, example := range p.examples[k] {
			fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(example, "\n", "\n    "))
		}
	}
	return b.String()
}
