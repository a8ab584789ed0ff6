package check

import (
	"fmt"
	"maps"
	"slices"
)

// nodesAgree wants the same state wherever the same entry was applied last, the same
// entry everywhere when nothing is asked any more, and no entry less after a restart.
func nodesAgree(e Evidence) []Finding {
	var found []Finding
	at := make(map[uint64]testimony)
	last := make(map[bool]testimony)
	for _, t := range e.testimonies() {
		if first, ok := last[t.restarted]; !ok {
			last[t.restarted] = t
		} else if first.Index != t.Index {
			found = append(found, Finding{Text: fmt.Sprintf("%s has applied entry %d and %s %d, although nothing was asked any more", first.by, first.Index, t.by, t.Index)})
		}
		if before := last[false]; t.restarted && t.Index < before.Index {
			found = append(found, Finding{Text: fmt.Sprintf("%s had applied entry %d, and %s only %d", before.by, before.Index, t.by, t.Index)})
		}
		first, ok := at[t.Index]
		if !ok {
			at[t.Index] = t
			continue
		}
		if first.Hash != t.Hash {
			found = append(found, Finding{Text: fmt.Sprintf("at entry %d %s has the state %s and %s %s", t.Index, first.by, first.Hash, t.by, t.Hash)})
		}
		for _, what := range slices.Concat(
			differences("core object %s", first.Placements, t.Placements),
			differences("%s", first.Bindings, t.Bindings),
			differences("the count of %s", first.Counts, t.Counts),
		) {
			found = append(found, Finding{Text: fmt.Sprintf("at entry %d %s and %s differ in %s", t.Index, first.by, t.by, what)})
		}
	}
	return found
}

// differences are the keys whose values differ, with both values.
func differences[K, V comparable](name string, a, b map[K]V) []string {
	all := maps.Clone(a)
	if all == nil {
		all = make(map[K]V)
	}
	maps.Copy(all, b)
	var found []string
	for k := range all {
		if a[k] != b[k] {
			found = append(found, fmt.Sprintf(name+": %v, %v", k, a[k], b[k]))
		}
	}
	return found
}
