package stmt

import "testing"

func TestSyntaxDecidesWhereQuotesEnd(t *testing.T) {
	for _, c := range []struct {
		syntax Syntax
		sql    string
		multi  bool
	}{
		{0, `select '\'; select ' from t`, false},
		{NoBackslashEscapes, `select '\'; select ' from t`, true},
		{0, `select "\"; select " from t`, false},
		{AnsiQuotes, `select "\"; select " from t`, true},
		{NoBackslashEscapes, `select "\"; select " from t`, true},
		{AnsiQuotes, `select '\'; select ' from t`, false},
		{AnsiQuotes, `select "a"";" from t`, false},
		{0, "select `\\`; select ` from t", true},
		{0, "insert into t values ('\\\\'); select 1", true},
		{0, "insert into t values ('\\\\\\'); select 1", false},
		// 0x5C is the second byte of a character.
		{0, "select '\x81\\'; select ' from t", false},
		{Syntax(0).With(GBK), "select '\x81\\'; select ' from t", true},
		{Syntax(0).With(GB18030), "select '\xfe\\'; select ' from t", true},
		{Syntax(0).With(Big5), "select '\xa1\\'; select ' from t", true},
		{Syntax(0).With(SJIS), "select '\x83\\'; select ' from t", true},
		// No first byte of that character set.
		{Syntax(0).With(Big5), "select '\x81\\'; select ' from t", false},
		{Syntax(0).With(SJIS), "select '\xb1\\'; select ' from t", false},
		{Syntax(0).With(GBK), "select '\xff\\'; select ' from t", false},
		// Four bytes, then an escape.
		{Syntax(0).With(GB18030), "select '\x81\x30\x81\x30\\'; select ' from t", false},
		{Syntax(0).With(GB18030), "select '\x81\x30\x81\\'; select ' from t", true},
		// A quote is never a second byte.
		{Syntax(0).With(GBK), "select '\x81'; select 1 from t", true},
		// 0x60 is a second byte, in names with and without quotes.
		{0, "select `\x81`; select ` from t", true},
		{Syntax(0).With(GBK), "select `\x81`; select ` from t", false},
		{Syntax(0).With(GBK), "select \x81`; select 1 from t", true},
		{0, "select \x81`; select 1 from t", false},
		{Syntax(0).With(SJIS), "select a from t where \x83`; select 1 from t", true},
	} {
		if got := c.syntax.Classify([]byte(c.sql)).IsMulti(); got != c.multi {
			t.Errorf("%q under %#x: several statements %v, want %v", c.sql, uint8(c.syntax), got, c.multi)
		}
	}
}

func TestArgumentsAreReadBySyntax(t *testing.T) {
	for _, c := range []struct {
		syntax    Syntax
		sql, want string
	}{
		{0, `select library 'a\'b'`, "library <a'b>"},
		{NoBackslashEscapes, `select library 'a\b'`, `library <a\b>`},
		{AnsiQuotes, `select library "a\b"`, `library <a\b>`},
		{Syntax(0).With(GBK), "select library '\x81\\n'", "library <\x81\\n>"},
		{Syntax(0).With(GBK), "select library '\x81\\\\n'", "library <\x81\\\n>"},
	} {
		if e, verdict := c.syntax.Parse([]byte(c.sql)); verdict != Ours || ours(e) != c.want {
			t.Errorf("Parse(%q) = %q, verdict %d; want %q", c.sql, ours(e), verdict, c.want)
		}
	}
	if database, ok := AnsiQuotes.Use([]byte(`use "a""b"`)); !ok || database != `a"b` {
		t.Errorf("Use = %q, %v", database, ok)
	}
}

func TestCharsetsByCollationAndName(t *testing.T) {
	for id, want := range map[uint16]Charset{
		28: GBK, 87: GBK, 1052: GBK, 1: Big5, 84: Big5, 13: SJIS, 88: SJIS, 95: SJIS, 96: SJIS, 1120: SJIS,
		248: GB18030, 250: GB18030, 8: Plain, 33: Plain, 45: Plain, 255: Plain, 19: Plain, 24: Plain, 0: Plain,
	} {
		if got := CharsetOfCollation(id); got != want {
			t.Errorf("CharsetOfCollation(%d) = %d, want %d", id, got, want)
		}
	}
	for name, want := range map[string]Charset{
		"GBK": GBK, "'gbk'": GBK, `"Big5"`: Big5, "cp932": SJIS, "sjis": SJIS, "gb18030": GB18030,
		"utf8mb4": Plain, "euckr": Plain, "": Plain, "DEFAULT": Plain,
	} {
		if got := CharsetOfName([]byte(name)); got != want {
			t.Errorf("CharsetOfName(%q) = %d, want %d", name, got, want)
		}
	}
	x := AnsiQuotes.With(GBK).With(SJIS)
	if x.Charset() != SJIS || x&AnsiQuotes == 0 {
		t.Errorf("the syntax is %#x", uint8(x))
	}
}

func TestSyntaxOfSQLModes(t *testing.T) {
	for value, want := range map[string]Syntax{
		"''": 0, "ANSI_QUOTES": AnsiQuotes, "'ansi'": AnsiQuotes, "'STRICT_TRANS_TABLES,ANSI_QUOTES'": AnsiQuotes,
		"'NO_BACKSLASH_ESCAPES,ORACLE'": AnsiQuotes | NoBackslashEscapes, "TRADITIONAL": 0, "4": AnsiQuotes,
		"1048576": NoBackslashEscapes, "' ANSI_QUOTES '": AnsiQuotes, "NO_ANSI_QUOTES": 0,
	} {
		if got := (AnsiQuotes | NoBackslashEscapes).With(GBK).SQLMode([]byte(value)); got != want.With(GBK) {
			t.Errorf("SQLMode(%q) = %#x, want %#x", value, uint8(got), uint8(want.With(GBK)))
		}
	}
}
