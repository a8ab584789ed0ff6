package terminal

import "testing"

func TestTextTakesItsColumns(t *testing.T) {
	for _, c := range []struct {
		text              string
		columns           int
		clip, left, right string
	}{
		{"abc", 5, "abc", "abc  ", "  abc"},
		{"abcdef", 4, "abc…", "abc…", "abc…"},
		{"客户数据", 5, "客户…", "客户…", "客户…"},
		{"客户数据", 4, "客…", "客… ", " 客…"},
		{"abc", 0, "", "", ""},
		{"abc", 1, "…", "…", "…"},
	} {
		if got := Clip(c.text, c.columns); got != c.clip {
			t.Errorf("clip %q to %d: %q", c.text, c.columns, got)
		}
		if got := Left(c.text, c.columns); got != c.left {
			t.Errorf("left %q in %d: %q", c.text, c.columns, got)
		}
		if got := Right(c.text, c.columns); got != c.right {
			t.Errorf("right %q in %d: %q", c.text, c.columns, got)
		}
	}
}

func TestTextThatATerminalWouldObey(t *testing.T) {
	if got := Plain("a\x1b[2J\r\n客\u202eb\x00"); got != "a?[2J??客?b?" {
		t.Errorf("got %q", got)
	}
}
