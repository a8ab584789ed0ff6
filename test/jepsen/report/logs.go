package report

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Bounds of the log lines of one page: for each log and finding, for all together,
// and of a line in bytes.
const (
	linesEach = 60
	linesAll  = 4000
	lineBytes = 500
)

// nearby is how much before and after a finding's operations logs are shown.
const nearby = time.Second

// entry is a line of a log. A line that has no time, like those of a panic, has that
// of the line before it.
type entry struct {
	At    time.Duration
	Grave bool // a warning or worse, or no event of the logger at all
	Text  string
}

// excerpt is what one log says of a time.
type excerpt struct {
	Name    string
	Lines   []entry
	Skipped int // lines of that time that are not shown
	Err     string
}

// read returns a log's lines that are in one of the windows.
func read(l Log, began time.Time, windows []axis) ([]entry, error) {
	file, err := os.Open(l.Path)
	if err != nil {
		return nil, fmt.Errorf("read the log %s: %w", l.Name, err)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	in := bufio.NewReaderSize(file, 1<<16)
	var found []entry
	var at time.Duration
	known := false
	for {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			t, ok := lineTime(line)
			if ok {
				at, known = t.Sub(began), true
			}
			inside := func(a axis) bool { return at >= a.from-nearby && at <= a.to+nearby }
			if known && slices.ContainsFunc(windows, inside) {
				grave := !ok || !bytes.Contains(line[:min(len(line), 80)], []byte("debug")) && !bytes.Contains(line[:min(len(line), 80)], []byte("info"))
				text := strings.ToValidUTF8(string(line[:min(len(line), lineBytes)]), "?")
				found = append(found, entry{at, grave, text})
			}
		}
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, fmt.Errorf("read the log %s: %w", l.Name, err)
		}
	}
}

// lineTime finds the time that a logger put into a line of JSON.
func lineTime(line []byte) (time.Time, bool) {
	for _, name := range []string{`"ts":"`, `"time":"`} {
		if _, rest, ok := bytes.Cut(line, []byte(name)); ok {
			value, _, _ := bytes.Cut(rest, []byte(`"`))
			t, err := time.Parse(time.RFC3339Nano, string(value))
			return t, err == nil
		}
	}
	return time.Time{}, false
}

// choose takes at most n lines of a window: the grave ones first, then those nearest
// to the end of it, where the finding shows.
func choose(lines []entry, a axis, n int) (chosen []entry, skipped int) {
	for _, l := range lines {
		if l.At >= a.from-nearby && l.At <= a.to+nearby {
			chosen = append(chosen, l)
		}
	}
	if len(chosen) <= n {
		return chosen, 0
	}
	rank := make([]int, len(chosen))
	for i := range rank {
		rank[i] = i
	}
	slices.SortStableFunc(rank, func(x, y int) int {
		p, q := chosen[x], chosen[y]
		if p.Grave != q.Grave {
			if p.Grave {
				return -1
			}
			return 1
		}
		return cmp.Compare((p.At - a.to).Abs(), (q.At - a.to).Abs())
	})
	rank = rank[:n]
	slices.Sort(rank)
	picked := make([]entry, 0, n)
	for _, i := range rank {
		picked = append(picked, chosen[i])
	}
	return picked, len(chosen) - n
}
