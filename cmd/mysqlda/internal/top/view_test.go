package top

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/terminal"
)

// wide is a frame with long and hostile words.
func wide() *Frame {
	n := node("node-with-a-long-name", 12, library(strings.Repeat("library", 9), 70000, 0, 0))
	n.Sessions.Sessions = []admin.SessionStatus{{
		ID: 4294967295, User: "\x1b[2Juser", Client: "[fe80:1234:5678:9abc:def0:1234:5678:9abc]:65535",
		Library: "客户数据库客户数据库", Core: "客户\u202e客户客户客户客户", State: "running", Seconds: 1e9, Commands: 1e15,
	}}
	f := Between(reading(0, node("node-with-a-long-name", 10)), reading(2, n, NodeReading{ID: "n2", Err: errors.New("gone\r\n\x1b[1m")}))
	return &f
}

func TestPicturesFitAnyWidth(t *testing.T) {
	f := wide()
	for _, view := range Views() {
		for width := 1; width <= 200; width++ {
			lines, titles := f.Lines(view, width)
			for _, line := range lines {
				if terminal.Width(line) > width {
					t.Fatalf("%s, %d columns: %d in %q", view, width, terminal.Width(line), line)
				}
				if strings.ContainsAny(line, "\x1b\r\n\u202e") {
					t.Fatalf("%s: a terminal would obey %q", view, line)
				}
			}
			if width > 10 && !strings.HasPrefix(lines[titles], strings.ToUpper(string(view))[:1]) && view != Sessions {
				t.Fatalf("no titles in %q", lines[titles])
			}
		}
	}
}

func TestColumnsOfLittleUseGoFirst(t *testing.T) {
	columns := []column{{title: "A", width: 5, text: true}, {title: "B", width: 5, keep: 1}, {title: "C", width: 5, keep: 2}}
	rows := []row{{cells: []string{"a", "b", "c"}}}
	for width, want := range map[int][]string{
		17: {"A         B     C", "a         b     c"},
		16: {"A              C", "a              c"},
		11: {"A         C", "a         c"},
		10: {"A         ", "a         "},
	} {
		if got := layOut(columns, rows, width); !slices.Equal(got, want) {
			t.Errorf("%d columns: %q, want %q", width, got, want)
		}
	}
}

func TestNumbersAreShort(t *testing.T) {
	for got, want := range map[string]string{
		rate(0): "0", rate(0.44): "0.4", rate(9.96): "10", rate(999.4): "999", rate(999.6): "1.0k", rate(123456): "123k", rate(5e9): "5.0G",
		size(0): "0B", size(1023): "1023B", size(1024): "1.0K", size(5e13): "45T",
		latency(nil): "-", latency(new(0.00006)): "0.06ms", latency(new(0.0123)): "12ms", latency(new(2.5)): "2.5s",
		age(59): "59s", age(3600): "1h", age(1e9): "11574d",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestKeysChangeTheView(t *testing.T) {
	l := live{options: Options{View: Libraries, Sort: ByStatements}}
	if l.typed('l') || l.options.View != Sessions || l.typed('l') || l.typed('l') || l.options.View != Libraries {
		t.Errorf("%+v", l.options)
	}
	if l.typed('s') || l.options.Sort != ByErrors || !l.typed('q') || !l.typed(keyInterrupt) {
		t.Errorf("%+v", l.options)
	}
}

func TestTheScreenIsFilledButNotMore(t *testing.T) {
	l := live{options: Options{View: Libraries, Color: true}, frame: wide(), trouble: errors.New("none of 3 nodes answers")}
	for height := 1; height < 30; height++ {
		if got := l.lines(80, height); len(got) != height {
			t.Errorf("%d lines of %d", len(got), height)
		}
	}
	if got := l.lines(80, 20); got[0] != red+"none of 3 nodes answers"+plain {
		t.Errorf("the trouble does not stand out: %q", got[0])
	}
}
