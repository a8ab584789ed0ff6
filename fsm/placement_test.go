package fsm

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckName(t *testing.T) {
	for _, good := range []string{"a", "13812345678", "客户", "a'b\"c`", strings.Repeat("x", 64), "é"} {
		if err := CheckName("core object", good, MaxCoreLen); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", " ", "a b", "a\tb", "a\n", "\x00", "a\x7f", "\xff", "a\u00a0b", "\u2028", "\u200b", "\ufffd",
		strings.Repeat("x", 65), strings.Repeat("客", 22),
	} {
		if err := CheckName("core object", bad, MaxCoreLen); !errors.Is(err, ErrBadName) || !strings.Contains(err.Error(), "core object") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestLibrariesAreFoundByIDAndName(t *testing.T) {
	s := NewLibrarySet(7, []Library{{ID: 9, Name: "nine"}, {ID: 2, Name: "two"}, {ID: 1 << 31, Name: "far"}})
	if s.Version() != 7 || len(s.All()) != 3 || s.All()[0].ID != 2 {
		t.Errorf("version %d, libraries %+v", s.Version(), s.All())
	}
	for _, l := range s.All() {
		if s.ByID(l.ID).Name != l.Name || s.ByName(l.Name).ID != l.ID {
			t.Errorf("%+v was not found", l)
		}
	}
	if s.ByID(3) != nil || s.ByID(0) != nil || s.ByName("") != nil {
		t.Error("found one that is not there")
	}
}
