package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// stream is what one server has written in one replication domain.
type stream struct{ domain, server uint32 }

// domains is a position or a history of MariaDB servers: the last sequence number
// of each stream. A position has one stream a domain, a history one for each server
// that has written in it.
type domains map[stream]uint64

// parseDomains reads "0-1-105,1-2-7".
func parseDomains(text string) (domains, error) {
	all := domains{}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		domain, rest, _ := strings.Cut(part, "-")
		server, sequence, _ := strings.Cut(rest, "-")
		d, err1 := parseNumber(domain, 32)
		s, err2 := parseNumber(server, 32)
		n, err3 := parseNumber(sequence, 64)
		if err1 != nil || err2 != nil || err3 != nil {
			return nil, badPosition(part)
		}
		of := stream{domain: uint32(d), server: uint32(s)}
		all[of] = max(all[of], n)
	}
	return all, nil
}

// parseNumber reads decimal digits and nothing else.
func parseNumber(text string, bits int) (uint64, error) {
	if strings.HasPrefix(text, "+") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseUint(text, 10, bits)
}

// last returns the last transactions of each domain: one, unless servers have given
// its number to several.
func (d domains) last() map[uint32]domains {
	tops := map[uint32]uint64{}
	for of, n := range d {
		tops[of.domain] = max(tops[of.domain], n)
	}
	last := make(map[uint32]domains, len(tops))
	for of, n := range d {
		if n != tops[of.domain] {
			continue
		}
		if last[of.domain] == nil {
			last[of.domain] = domains{}
		}
		last[of.domain][of] = n
	}
	return last
}

// top is the sequence number that all of d, which are the last of a domain, have.
func (d domains) top() uint64 {
	for _, n := range d {
		return n
	}
	return 0
}

func (d domains) covers(other domains) bool {
	mine := d.last()
	for domain, theirs := range other.last() {
		ours := mine[domain]
		switch {
		case ours == nil || ours.top() < theirs.top():
			return false
		case ours.top() == theirs.top() && len(theirs.without(ours)) > 0:
			return false
		}
	}
	return true
}

// merge returns a position, with one transaction a domain.
func (d domains) merge(other domains) (string, error) {
	all := domains{}
	for _, from := range []domains{d, other} {
		for of, n := range from {
			all[of] = max(all[of], n)
		}
	}
	merged := domains{}
	for _, last := range all.last() {
		if len(last) > 1 {
			return "", fmt.Errorf("%w: %s", ErrDiverged, last)
		}
		for of, n := range last {
			merged[of] = n
		}
	}
	return merged.String(), nil
}

// without returns the streams that are further than other's.
func (d domains) without(other domains) domains {
	rest := domains{}
	for of, n := range d {
		if has, ok := other[of]; !ok || has < n {
			rest[of] = n
		}
	}
	return rest
}

// String writes the streams in the order of domains and servers.
func (d domains) String() string {
	order := make([]stream, 0, len(d))
	for of := range d {
		order = append(order, of)
	}
	slices.SortFunc(order, func(a, b stream) int {
		return cmp.Or(cmp.Compare(a.domain, b.domain), cmp.Compare(a.server, b.server))
	})
	var b strings.Builder
	for i, of := range order {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d-%d-%d", of.domain, of.server, d[of])
	}
	return b.String()
}
