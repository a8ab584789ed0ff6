package stmt

import (
	"bytes"
	"strings"
	"testing"
)

func TestDigestHasNoValues(t *testing.T) {
	for sql, want := range map[string]string{
		"":         "",
		"select 1": "select ?",
		"select a,b from t1 where id=5 and name = 'Smith'":         "select a, b from t1 where id = ? and name = ?",
		"select  a ,\n b from t1 where id = 17 and name='O''Neil'": "select a, b from t1 where id = ? and name = ?",
		`select 'it\'s', "double" from t`:                          "select ?, ... from t",
		"/* mysqlda core=13812345678 */ select a from `t 1`":       "select a from `t 1`",
		"select a -- 13812345678\n from t # 4711":                  "select a from t",
		"select /*! 4711 */ a":                                     "select ? a",
		"select * from t where a in (1, 2,3 , 4)":                  "select * from t where a in(?, ...)",
		"insert into t (a, b) values (1,'x'), (2,'y'),(3, 'z')":    "insert into t(a, b) values(?, ...)",
		"insert into t values (1), (2)":                            "insert into t values(?)",
		"select -5, +1.5, 1.5e-3, .5, 2e+10, a-5":                  "select - ?, ..., .?, ..., a - ?",
		"select x'4142', b'01', n'x', 0x41, _utf8'a'":              "select x ?, b ?, n ?, ..., _utf8 ?",
		"set @a := 5, @@sort_buffer_size = 6":                      "set @a := ?, @@sort_buffer_size = ?",
		"select count(*) from t where a>=5 and b<>6":               "select count(*) from t where a >= ? and b <> ?",
		"alter user u@'%' identified by 'secret'":                  "alter user u @? identified by ?",
		"set password = 'secret'":                                  "set password = ?",
		"select 'cut off in the mid":                               "select ?",
		"select a; select 2":                                       "select a; select ?",
		"call p(1, 'x', @a)":                                       "call p(?, ..., @a)",
	} {
		if got := string(Syntax(0).AppendDigest(nil, []byte(sql), 200)); got != want {
			t.Errorf("%q:\n got %q\nwant %q", sql, got, want)
		}
	}
}

// Names in double quotes are no loss; a value that is taken for a name would be.
func TestDigestTakesDoubleQuotesForAValueUnderAnyMode(t *testing.T) {
	for _, x := range []Syntax{0, AnsiQuotes, NoBackslashEscapes, AnsiQuotes | NoBackslashEscapes} {
		if got := string(x.AppendDigest(nil, []byte(`select "secret"`), 100)); got != "select ?" {
			t.Errorf("%v: %q", x, got)
		}
	}
	if got := string(NoBackslashEscapes.AppendDigest(nil, []byte(`select 'a\', secret`), 100)); got != "select ?, secret" {
		t.Errorf("got %q", got)
	}
	text := []byte("select '\x81\\', 'secret'")
	if got := string(Syntax(0).With(GBK).AppendDigest(nil, text, 100)); got != "select ?, ..." {
		t.Errorf("got %q", got)
	}
}

func TestDigestIsBounded(t *testing.T) {
	got := Syntax(0).AppendDigest([]byte("x"), []byte("select "+strings.Repeat("a, ", 1000)+"b"), 20)
	if len(got) > 1+20+len(more) || !bytes.HasPrefix(got, []byte("xselect a")) || !bytes.HasSuffix(got, []byte(more)) {
		t.Errorf("got %q", got)
	}
}

// Whatever the text, and wherever it is cut off, what stands in quotes is not in the
// digest.
func FuzzDigest(f *testing.F) {
	f.Add([]byte("insert into t (a, b) values (1, -2.5), (3, x'41')"), uint8(0))
	f.Add([]byte(`select 'a\'b', "c""d", 1.5e+7 /* x */ # y`), uint8(AnsiQuotes))
	f.Fuzz(func(t *testing.T, text []byte, syntax uint8) {
		x := Syntax(syntax)
		got := x.AppendDigest(nil, text, 100)
		if len(got) > 100+len(more) {
			t.Errorf("%d bytes", len(got))
		}
		if bytes.IndexByte(got, '\'') >= 0 && bytes.IndexByte(got, '`') < 0 {
			t.Errorf("%q: a quote is left: %q", text, got)
		}
	})
}
