package reload

import (
	"fmt"
	"slices"
	"strings"
)

// The signs at the beginning of a line of the difference.
const (
	added   = "+ "
	removed = "- "
	changed = "~ "
)

// libraryLine is a line that concerns a library.
func libraryLine(sign, library, text string) string {
	return fmt.Sprintf("%slibrary %s: %s", sign, library, text)
}

// serverLines say how a library's list of servers changes.
func serverLines(library string, now, then []string) []string {
	var lines []string
	for _, s := range without(then, now) {
		lines = append(lines, libraryLine(added, library, "server "+s))
	}
	for _, s := range without(now, then) {
		lines = append(lines, libraryLine(removed, library, "server "+s))
	}
	return append(lines, libraryLine(changed, library, "servers "+strings.Join(now, ", ")+" -> "+strings.Join(then, ", ")))
}

// without returns the elements of a that b lacks, nil if there are none.
func without(a, b []string) []string {
	var rest []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			rest = append(rest, s)
		}
	}
	return rest
}
