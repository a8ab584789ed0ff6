package stmt

import (
	"bytes"
	"strings"
	"testing"
)

func seed(f *testing.F) {
	add := func(sql string) {
		for _, syntax := range []Syntax{0, AnsiQuotes | NoBackslashEscapes, Syntax(0).With(SJIS)} {
			f.Add([]byte(sql), uint8(syntax))
		}
	}
	for sql := range startup {
		add(sql)
	}
	for sql := range settable {
		add(sql)
	}
	for _, sql := range []string{
		"select library 13812345678", "select library 'a''\\'b';", "select library `a``b` -- c",
		"set correl_object card_no ? \"x\\\"\"", "select library_by_correl_object a b # c",
		"show mysqlda placement 'x'", "set mysqlda read replica 5", "SET/**/mysqlda 'read' ? # c",
		"mysqlda user add 'a' password ? networks \"10.0.0.0/8\"; ", "MYSQLDA/**/library, x", "mysqlda /*! x */", "mysqlda: loop", "MYSQLDA(user) password 'x'", "do 1; mysqlda.x password 'x'", "mysqlda'x'", "mysqlda 'a' b;mysqlda", "select library a; select 1", "/*!40000 select */ library x",
		"create definer=a@b procedure p() begin select library x; end", "use `a`", "kill query 5",
		"commit and no chain", "select library A--", "select library from", "begin not atomic",
		"select connection_id() as x", "set transaction read only", "prepare p from 'kill 5'",
		"l: loop kill 5; end loop", "select a from t into @x; select @y := 1", "do get_lock /* c */ ('a')",
		"insert into t values (next value for s, last_insert_id())", "set statement a=1 for kill 5",
		"select '\x83\\'; select `\x83``", "load data infile 'a' into table t (@a)",
	} {
		add(sql)
	}
}

// syntaxOf makes a syntax that exists of a byte.
func syntaxOf(b uint8) Syntax {
	return (Syntax(b) & (AnsiQuotes | NoBackslashEscapes)).With(Charset(b) % (SJIS + 1))
}

// render writes an extension as text again, every argument quoted.
func render(e Extension) string {
	var out strings.Builder
	out.WriteString(map[Kind]string{
		SelectLibrary:               "SELECT LIBRARY",
		SetCorrelObject:             "SET CORREL_OBJECT",
		SelectLibraryByCorrelObject: "SELECT LIBRARY_BY_CORREL_OBJECT",
		ShowMysqlda:                 "SHOW MYSQLDA",
		SetMysqlda:                  "SET MYSQLDA",
		Mysqlda:                     "MYSQLDA",
	}[e.Kind])
	for _, arg := range e.Args {
		if arg.Placeholder {
			out.WriteString(" ?")
			continue
		}
		out.WriteString(" '" + strings.ReplaceAll(arg.Text, "'", "''") + "'")
	}
	return out.String()
}

func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, sql []byte, b uint8) {
		x := syntaxOf(b)
		e, verdict := x.Parse(sql)
		if is := x.Classify(sql).Base() == ClassExtension; is != (verdict != NotOurs) {
			t.Fatalf("verdict %d, but the class says %v", verdict, is)
		}
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
		again, verdict := NoBackslashEscapes.With(x.Charset()).Parse([]byte(render(e)))
		if verdict != Ours || ours(again) != ours(e) || again.Params != e.Params {
			t.Fatalf("%q parses as %q, rendered %q as %q", sql, ours(e), render(e), ours(again))
		}
		if _, verdict := x.Parse(append(append([]byte("select 1;"), sql...), "\n;select 2"...)); verdict != OursInMulti {
			t.Fatalf("%q among others gives verdict %d", sql, verdict)
		}
	})
}

func FuzzClassify(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, sql []byte, b uint8) {
		x := syntaxOf(b)
		class := x.Classify(sql)
		if _, ok := x.Use(sql); ok != (class == ClassUse) {
			t.Fatalf("class %#x, but Use says %v", class, ok)
		}
		if _, ok := Kill(sql); ok && class != ClassKill {
			t.Fatalf("class %#x of a KILL", class)
		}
		if column, ok := x.ConnectionID(sql); ok && (class != ClassHarmless || column == "") {
			t.Fatalf("class %#x of SELECT CONNECTION_ID(), column %q", class, column)
		}
		if class.Base() > ClassExtension || class&(sets|assigns) != 0 {
			t.Fatalf("class %#x does not exist", class)
		}
		for _, blank := range []string{" ", " /* c; ' */ ", " -- it's\n ", "\t#;\"\r\n\n"} {
			spaced := withBlanks(x, sql, blank)
			if got := x.Classify(spaced); got != class {
				t.Fatalf("class %#x of %q, but %#x of %q", class, sql, got, spaced)
			}
		}
	})
}

// withBlanks puts something else in the place of the blanks between tokens, and
// around them all. Executable comments stay.
func withBlanks(x Syntax, sql []byte, blank string) []byte {
	var out []byte
	s := scanner{sql: sql, syntax: x}
	for end := 0; ; {
		t := s.next()
		switch gap := sql[end:t.start]; {
		case bytes.Contains(gap, []byte("!")), s.executables > 0,
			bytes.HasPrefix(gap, []byte("#")), bytes.HasPrefix(gap, []byte("-")), // makes a bare argument doubtful
			bytes.HasSuffix(sql[:end], []byte("-")): // may begin a comment with what follows
			out = append(out, gap...)
		case len(gap) > 0:
			out = append(out, blank...)
		}
		if t.kind == tokenEnd {
			return out
		}
		out = append(out, s.text(t)...)
		end = t.end
	}
}

func FuzzSettings(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, sql []byte, b uint8) {
		x := syntaxOf(b)
		all := x.Settings(sql)
		class := x.Classify(sql).Base()
		n := 0
		for set, ok := all.Next(); ok; set, ok = all.Next() {
			if n++; n > len(sql) {
				t.Fatal("it never ends")
			}
			if class != ClassSet || bytes.HasSuffix(set.Value, []byte("-")) {
				continue // what ends in an operator is no value, but may begin a comment
			}
			if set.Told == Untold || set.Scope == ScopeElsewhere || set.Scope == ScopeNextTransaction {
				t.Fatalf("%q is ClassSet, but sets %q", sql, set.Text)
			}
			key := set.AppendKey(nil)
			if (len(key) == 0) != (set.Scope == ScopeWhole) {
				t.Fatalf("%q has the key %q", set.Text, key)
			}
			statement := set.AppendStatement(nil)
			alone := x.Settings(statement)
			again, ok := alone.Next()
			if !ok || !bytes.Equal(again.AppendKey(nil), key) || !bytes.Equal(again.Value, set.Value) || again.Told != set.Told {
				if set.Scope != ScopeWhole {
					t.Fatalf("%q of %q: %+v again is %+v", statement, sql, set, again)
				}
			}
			if _, ok := alone.Next(); ok {
				t.Fatalf("%q of %q sets several", statement, sql)
			}
			if x.Classify(statement).Base() != ClassSet {
				t.Fatalf("%q of %q is no SET", statement, sql)
			}
		}
		if class == ClassSet && n == 0 {
			t.Fatalf("%q is ClassSet, but sets nothing", sql)
		}
	})
}
