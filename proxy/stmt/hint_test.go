package stmt

import (
	"bytes"
	"testing"
)

func TestHint(t *testing.T) {
	for _, c := range []struct {
		sql, core string
		ok        bool
	}{
		{"/* mysqlda core=13812345678 */ select 1", "13812345678", true},
		{"/*mysqlda core=A-17*/select 1", "A-17", true},
		{" \n/*\tMYSQLDA\n core='x y' */", "x y", true},
		{`/* mysqlda core="客户1" */ select 1`, "客户1", true},
		{"/* mysqlda core= */ select 1", "", true},
		{"/* mysqlda core='it''s' */", "it''s", true},
		{"/* mysqlda core=open", "", false},
		{"/* mysqlda is a proxy */ select 1", "", false},
		{"/* mysqldacore=1 */ select 1", "", false},
		{"/* mysqlda Core=1 */ select 1", "", false},
		{"/*! mysqlda core=1 */ select 1", "", false},
		{"select /* mysqlda core=1 */ 1", "", false},
		{"-- mysqlda core=1\nselect 1", "", false},
		{"/*", "", false},
		{"", "", false},
	} {
		core, ok := Hint([]byte(c.sql))
		if string(core) != c.core || ok != c.ok {
			t.Errorf("Hint(%q) = %q, %v; want %q, %v", c.sql, core, ok, c.core, c.ok)
		}
	}
}

func FuzzHint(f *testing.F) {
	for _, seed := range []string{"/* mysqlda core=1 */ select 1", "/*mysqlda core='a'*/", "/* mysqlda core=", "/*!"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sql []byte) {
		core, ok := Hint(sql)
		if !ok {
			return
		}
		if !bytes.Contains(sql, core) {
			t.Errorf("%q is no part of the text", core)
		}
		again := append(append([]byte("/* mysqlda core="), core...), " */"...)
		if bytes.ContainsAny(core, "'\"") || len(bytes.TrimSpace(core)) != len(core) {
			return // quotes may be taken off again
		}
		if got, ok := Hint(again); !ok || !bytes.Equal(got, core) {
			t.Errorf("the hint %q gives %q", again, got)
		}
	})
}
