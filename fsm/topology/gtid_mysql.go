package topology

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// interval is the transactions from first to last, both included.
type interval struct{ first, last uint64 }

// gtidSet is a set of MySQL's transactions. Its keys are "uuid" or "uuid:tag", in
// lower case; intervals ascend and neither overlap nor touch each other, and there
// is at least one.
type gtidSet map[string][]interval

// maxTagLen is how long a tag may be, in bytes.
const maxTagLen = 32

// parseSet reads "uuid:1-5:7-9,uuid2:1-3:tag:1-3", with white space as servers print
// it.
func parseSet(text string) (gtidSet, error) {
	set := gtidSet{}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.ToLower(strings.TrimSpace(part))
		if part == "" {
			continue
		}
		uuid, rest, ok := strings.Cut(part, ":")
		uuid = strings.TrimSpace(uuid)
		if !ok || !isUUID(uuid) {
			return nil, badPosition(part)
		}
		key := uuid
		for field := range strings.SplitSeq(rest, ":") {
			field = strings.TrimSpace(field)
			if isTag(field) {
				key = uuid + ":" + field
				continue
			}
			i, ok := parseInterval(field)
			if !ok {
				return nil, badPosition(part)
			}
			set[key] = append(set[key], i)
		}
	}
	for key, intervals := range set {
		set[key] = normal(intervals)
	}
	return set, nil
}

// isUUID tells whether text is 32 hex digits in groups of 8, 4, 4, 4 and 12.
func isUUID(text string) bool {
	const length = 36
	if len(text) != length {
		return false
	}
	for i := range length {
		switch c := text[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f':
		default:
			return false
		}
	}
	return true
}

func isTag(text string) bool {
	if text == "" || len(text) > maxTagLen || text[0] >= '0' && text[0] <= '9' {
		return false
	}
	for i := range len(text) {
		if c := text[i]; c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func parseInterval(text string) (interval, bool) {
	from, to, several := strings.Cut(text, "-")
	first, err := parseNumber(from, 63)
	last := first
	if err == nil && several {
		last, err = parseNumber(to, 63)
	}
	// The last number of all is never given, so that counting on is safe.
	return interval{first: first, last: last}, err == nil && 1 <= first && first <= last && last < math.MaxInt64
}

// normal sorts intervals, and joins those that overlap or touch.
func normal(intervals []interval) []interval {
	slices.SortFunc(intervals, func(a, b interval) int { return cmp.Compare(a.first, b.first) })
	joined := intervals[:0]
	for _, i := range intervals {
		if n := len(joined); n > 0 && i.first <= joined[n-1].last+1 {
			joined[n-1].last = max(joined[n-1].last, i.last)
			continue
		}
		joined = append(joined, i)
	}
	return joined
}

func (s gtidSet) merge(other gtidSet) gtidSet {
	all := make(gtidSet, len(s))
	for _, from := range []gtidSet{s, other} {
		for key, intervals := range from {
			all[key] = normal(slices.Concat(all[key], intervals))
		}
	}
	return all
}

// without returns what is in s and not in other.
func (s gtidSet) without(other gtidSet) gtidSet {
	rest := gtidSet{}
	for key, intervals := range s {
		if left := subtract(intervals, other[key]); len(left) > 0 {
			rest[key] = left
		}
	}
	return rest
}

func subtract(from, what []interval) []interval {
	var left []interval
	for _, i := range from {
		for len(what) > 0 && what[0].last < i.first {
			what = what[1:]
		}
		// What reaches beyond i is looked at again for the next one.
		for _, w := range what {
			if w.first > i.last {
				break
			}
			if w.first > i.first {
				left = append(left, interval{first: i.first, last: w.first - 1})
			}
			i.first = w.last + 1
		}
		if i.first <= i.last {
			left = append(left, i)
		}
	}
	return left
}

// String writes the set in the order of its keys.
func (s gtidSet) String() string {
	keys := make([]string, 0, len(s))
	for key := range s {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var b strings.Builder
	for n, key := range keys {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString(key)
		for _, i := range s[key] {
			fmt.Fprintf(&b, ":%d", i.first)
			if i.last > i.first {
				fmt.Fprintf(&b, "-%d", i.last)
			}
		}
	}
	return b.String()
}
