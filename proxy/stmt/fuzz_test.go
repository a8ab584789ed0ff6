package stmt

import (
	"strings"
	"testing"
)

func seed(f *testing.F) {
	for sql := range startup {
		f.Add([]byte(sql))
	}
	for _, sql := range []string{
		"select library 13812345678", "select library 'a''\\'b';", "select library `a``b` -- c",
		"set correl_object card_no ? \"x\\\"\"", "select library_by_correl_object a b # c",
		"show mysqlda placement 'x'", "select library a; select 1", "/*!40000 select */ library x",
		"create definer=a@b procedure p() begin select library x; end", "use `a`", "kill query 5",
		"commit and no chain", "select library A--", "select library from", "begin not atomic",
	} {
		f.Add([]byte(sql))
	}
}

// render writes an extension as text again, every argument quoted.
func render(e Extension) string {
	var out strings.Builder
	out.WriteString(map[Kind]string{
		SelectLibrary:               "SELECT LIBRARY",
		SetCorrelObject:             "SET CORREL_OBJECT",
		SelectLibraryByCorrelObject: "SELECT LIBRARY_BY_CORREL_OBJECT",
		ShowMysqlda:                 "SHOW MYSQLDA",
	}[e.Kind])
	for _, arg := range e.Args {
		if arg.Placeholder {
			out.WriteString(" ?")
			continue
		}
		out.WriteString(" '" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(arg.Text) + "'")
	}
	return out.String()
}

func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, sql []byte) {
		e, verdict := Parse(sql)
		if verdict != Ours {
			if e.Kind != 0 || e.Args != nil || e.Params != 0 {
				t.Fatalf("an extension with verdict %d", verdict)
			}
			return
		}
		last := 0
		for _, arg := range e.Args {
			if arg.Start < last || arg.End <= arg.Start || arg.End > len(sql) {
				t.Fatalf("argument at %d:%d of %d bytes, the one before ends at %d", arg.Start, arg.End, len(sql), last)
			}
			last = arg.End
		}
		again, verdict := Parse([]byte(render(e)))
		if verdict != Ours || ours(again) != ours(e) || again.Params != e.Params {
			t.Fatalf("%q parses as %q, rendered %q as %q", sql, ours(e), render(e), ours(again))
		}
		if _, verdict := Parse(append(append([]byte("select 1;"), sql...), ";select 2"...)); verdict != OursInMulti {
			t.Fatalf("%q among others gives verdict %d", sql, verdict)
		}
	})
}

func FuzzClassify(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, sql []byte) {
		class := Classify(sql)
		if _, ok := Use(sql); ok != (class == ClassUse) {
			t.Fatalf("class %#x, but Use says %v", class, ok)
		}
		if _, ok := Kill(sql); ok && class != ClassKill {
			t.Fatalf("class %#x of a KILL", class)
		}
		if class.Base() > ClassExtension {
			t.Fatalf("class %#x does not exist", class)
		}
	})
}
