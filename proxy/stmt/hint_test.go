package stmt

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// hinted renders what Hint found so that tables can be read.
func hinted(h Hints) string {
	var out []string
	for _, hint := range []struct {
		name  string
		value []byte
	}{{"core", h.Core}, {"read", h.Read}, {"lag", h.Lag}} {
		if hint.value != nil {
			out = append(out, fmt.Sprintf("%s<%s>", hint.name, hint.value))
		}
	}
	return strings.Join(out, " ")
}

func TestHint(t *testing.T) {
	for _, c := range []struct {
		sql, want string
		ok        bool
	}{
		{"/* mysqlda core=13812345678 */ select 1", "core<13812345678>", true},
		{"/*mysqlda core=A-17*/select 1", "core<A-17>", true},
		{" \n/*\tMYSQLDA\n core='x y' */", "core<x y>", true},
		{`/* mysqlda core="客户1" */ select 1`, "core<客户1>", true},
		{"/* mysqlda core= */ select 1", "core<>", true},
		{"/* mysqlda core='it''s' */", "core<it''s>", true},
		{"/* mysqlda core=a b */", "core<a b>", true},
		{"/* mysqlda core=open", "", false},
		{"/* mysqlda is a proxy */ select 1", "", false},
		{"/* mysqldacore=1 */ select 1", "", false},
		{"/* mysqlda Core=1 */ select 1", "", false},
		{"/* mysqlda mode=x core=1 */ select 1", "", false},
		{"/*! mysqlda core=1 */ select 1", "", false},
		{"select /* mysqlda core=1 */ 1", "", false},
		{"-- mysqlda core=1\nselect 1", "", false},
		{"/*", "", false},
		{"", "", false},

		{"/* mysqlda read=replica */ select 1", "read<replica>", true},
		{"/* mysqlda read=active*/ select 1", "read<active>", true},
		{"/* mysqlda core=X read=replica lag=2 */ select 1", "core<X> read<replica> lag<2>", true},
		{"/*mysqlda lag='2.5'\n\tread=\"replica\"  core='X'*/ select 1", "core<X> read<replica> lag<2.5>", true},
		{"/* mysqlda read= lag= */ select 1", "read<> lag<>", true},
		{"/* mysqlda core='a read=b' lag=1 */", "core<a read=b> lag<1>", true},
		{"/* mysqlda core='a read=b lag=1 */", "core<'a read=b lag=1>", true},
		{"/* mysqlda read=replica lags=2 */", "read<replica lags=2>", true},
		{"/* mysqlda read=replica read=active */", "read<replica read=active>", true},
		{"/* mysqlda read=replica, lag=2 */", "read<replica,> lag<2>", true},
		{"/* mysqlda core=Xread=replica */", "core<Xread=replica>", true},
		{"/* mysqlda read=replica", "", false},
	} {
		h, ok := Hint([]byte(c.sql))
		if hinted(h) != c.want || ok != c.ok {
			t.Errorf("Hint(%q) = %q, %v; want %q, %v", c.sql, hinted(h), ok, c.want, c.ok)
		}
	}
}

func FuzzHint(f *testing.F) {
	for _, seed := range []string{
		"/* mysqlda core=1 */ select 1", "/*mysqlda core='a'*/", "/* mysqlda core=", "/*!",
		"/* mysqlda core=1 read=replica lag=2 */", "/*mysqlda lag='2' read='active'*/", "/* mysqlda read='a core=b lag=",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sql []byte) {
		h, ok := Hint(sql)
		if ok == (h.Core == nil && h.Read == nil && h.Lag == nil) {
			t.Fatalf("%v with %q", ok, hinted(h))
		}
		again := "/* mysqlda"
		for name, value := range map[string][]byte{"core": h.Core, "read": h.Read, "lag": h.Lag} {
			if !bytes.Contains(sql, value) {
				t.Errorf("%q is no part of the text", value)
			}
			if bytes.ContainsAny(value, "'\"=") || len(bytes.Trim(value, blankBytes)) != len(value) {
				return // quotes may be taken off again
			}
			if value != nil {
				again += " " + name + "=" + string(value)
			}
		}
		if got, gotOK := Hint([]byte(again + " */")); gotOK != ok || hinted(got) != hinted(h) {
			t.Errorf("the hints %q give %q", again, hinted(got))
		}
	})
}
