package stmt

import (
	"fmt"
	"strings"
	"testing"
)

// settings renders what a text sets: key=value, with a mark for how far it is told.
func settings(x Syntax, sql string) string {
	var out []string
	all := x.Settings([]byte(sql))
	for set, ok := all.Next(); ok; set, ok = all.Next() {
		key := string(set.AppendKey(nil))
		if set.Scope == ScopeWhole {
			key = "whole"
		}
		mark := map[Told]string{Constant: "", FromItself: "itself ", FromOthers: "others ", Untold: "untold "}[set.Told]
		if set.Told == FromItself && set.Again {
			mark = "again "
		}
		if set.Scope == ScopeNextStatement {
			mark = "next "
		}
		out = append(out, fmt.Sprintf("%s%s<%s>", mark, strings.TrimSpace(key), set.Value))
	}
	return strings.Join(out, " ")
}

// settable are SET statements that can be repeated and what they set.
var settable = map[string]string{
	"SET autocommit=1":                                                   "autocommit<1>",
	"set AutoCommit = ON ;":                                              "autocommit<ON>",
	"SET @@autocommit:=off":                                              "autocommit<off>",
	"SET SESSION autocommit=1, x=2":                                      "autocommit<1> x<2>",
	"SET LOCAL `x`=default":                                              "x<default>",
	"SET @@session.x = 'a,b', @@local.Y=-5 -- c":                         "x<'a,b'> y<-5>",
	"SET /* a */ x /* b */ = /* c */ 5 /* d */":                          "x<5>",
	"SET hot.key_buffer=1, @@session.`a`.b=2":                            "hot.key_buffer<1> `a`.b<2>",
	"SET @a=1, @B = 'x;y', @`c d`:=NULL":                                 "@a<1> @b<'x;y'> @c d<NULL>",
	"SET @a.b=1, @'q'=2, @\"r\"=3, @`q``q`=4":                            "@a.b<1> @q<2> @r<3> @`q``q`<4>",
	"SET @a=(1+2), @b=concat('a',',',if(1,2,3))":                         "@a<(1+2)> @b<concat('a',',',if(1,2,3))>",
	"SET @a=_utf8'x' collate utf8_bin, @b=x'AB'":                         "@a<_utf8'x' collate utf8_bin> @b<x'AB'>",
	"SET NAMES utf8mb4":                                                  "names<utf8mb4>",
	"set names 'utf8' collate 'utf8_bin', x=1":                           "names<'utf8' collate 'utf8_bin'> x<1>",
	"SET NAMES DEFAULT":                                                  "names<DEFAULT>",
	"SET CHARACTER SET latin1":                                           "character set<latin1>",
	"SET CHARSET 'latin1'":                                               "character set<'latin1'>",
	"SET ROLE r":                                                         "role<r>",
	"SET ROLE 'r'@'%'":                                                   "role<'r'@'%'>",
	"SET ROLE NONE, x=1":                                                 "role<NONE> x<1>",
	"SET SESSION TRANSACTION READ ONLY":                                  "access<READ ONLY>",
	"set local transaction isolation level read committed , read write":  "isolation<isolation level read committed> access<read write>",
	"SET tx_isolation='SERIALIZABLE'":                                    "tx_isolation<'SERIALIZABLE'>",
	"SET x=@@global.x":                                                   "x<@@global.x>",
	"SET sql_mode=ANSI_QUOTES":                                           "sql_mode<ANSI_QUOTES>",
	"SET sql_mode=CONCAT(@@sql_mode,',X'), a=1":                          "again sql_mode<CONCAT(@@sql_mode,',X')> a<1>",
	"SET SESSION `sql_mode`=(SELECT REPLACE(@@SESSION.Sql_Mode,'X',''))": "again sql_mode<(SELECT REPLACE(@@SESSION.Sql_Mode,'X',''))>",
	"SET sql_mode=@@sql_mode | 4":                                        "itself sql_mode<@@sql_mode | 4>",
	"SET @a=@a+1, @b=@`B`":                                               "itself @a<@a+1> itself @b<@`B`>",
	"SET sql_mode=-@@sql_mode":                                           "itself sql_mode<-@@sql_mode>",
	"SET @a=@b":                                                          "others whole<>",
	"SET @old=@@sql_mode, sql_mode='ANSI'":                               "others whole<>",
	"SET a=@@b":                                                          "others whole<>",
	"SET sql_mode=@old":                                                  "others whole<>",
	"/*!40101 SET NAMES utf8 */;":                                        "others whole<>",
	"SET insert_id=5, @@session.identity=7":                              "next insert_id<5> next identity<7>",
	"SET timestamp=5, last_insert_id=6":                                  "timestamp<5> next last_insert_id<6>",
	"SET a=1; SELECT 1; SET b=2, c=3;":                                   "a<1> b<2> c<3>",
	"select 1;set names x; SET @a=@b":                                    "others whole<>",
	"SET x = 'a\\'b', y = 'c''d', z=\"e,f\"":                             "x<'a\\'b'> y<'c''d'> z<\"e,f\">",
	"SET global_x=1, session_y=2, rolex=3":                               "global_x<1> session_y<2> rolex<3>",
	"SET @x=CAST('2026-01-01' AS DATE)":                                  "@x<CAST('2026-01-01' AS DATE)>",
}

func TestWhatSetStatementsSet(t *testing.T) {
	for sql, want := range settable {
		if got := settings(0, sql); got != want {
			t.Errorf("%q sets\n\t%s, want\n\t%s", sql, got, want)
		}
		if class := Classify([]byte(sql)); class.Base() != ClassSet {
			t.Errorf("Classify(%q) = %#x, want ClassSet", sql, uint16(class))
		}
	}
}

func TestScopeOfOneAssignmentHoldsForTheNext(t *testing.T) {
	classes(t, map[string]Class{
		"SET GLOBAL a=1, b=2":              ClassOther,
		"SET GLOBAL a=1, @@b=2":            ClassOther | Unrepeatable,
		"SET GLOBAL a=1, @b=2":             ClassOther | Pins,
		"SET GLOBAL a=1, SESSION b=2, c=3": ClassOther | Unrepeatable,
		"SET @@global.a=1, b=2":            ClassOther | Unrepeatable,
		"SET @@global.a=1":                 ClassOther,
		"SET SESSION a=1, GLOBAL b=2":      ClassOther | Unrepeatable,
		"SET PERSIST a=1, b=2":             ClassOther,
	})
}

func TestSetStatementsThatCannotBeTakenApart(t *testing.T) {
	classes(t, map[string]Class{
		"SET @@tx_isolation='SERIALIZABLE'":                       ClassNextTransaction,
		"SET @@tx_isolation='SERIALIZABLE', @@a=1":                ClassOther | Unrepeatable,
		"SET @@tx_isolation=@a":                                   ClassOther | Unrepeatable,
		"SET @@session.tx_isolation='SERIALIZABLE'":               ClassSet,
		"SET TRANSACTION ISOLATION LEVEL x, READ ONLY":            ClassNextTransaction,
		"SET GLOBAL TRANSACTION READ ONLY":                        ClassOther,
		"SET x=1, TRANSACTION READ ONLY":                          ClassOther | Unrepeatable,
		"SET insert_id=5":                                         ClassSet | LooksAhead,
		"SET insert_id=@a":                                        ClassOther | LooksAhead,
		"SET a=1, PASSWORD=''":                                    ClassOther | Unrepeatable,
		"SET PASSWORD FOR a@b = PASSWORD('x')":                    ClassOther,
		"SET DEFAULT ROLE NONE FOR a@b":                           ClassOther,
		"SET RESOURCE GROUP g":                                    ClassOther,
		"SET ROLE a, b":                                           ClassOther | Unrepeatable,
		"SET a=1,":                                                ClassOther | Unrepeatable,
		"SET a=":                                                  ClassOther,
		"SET a":                                                   ClassOther,
		"SET @=1":                                                 ClassOther,
		"SET a=1 b=2; SET x=now()":                                ClassOther | Unrepeatable | Multi,
		"SET @a = @b := 5":                                        ClassOther | Pins,
		"SET @a = last_insert_id()":                               ClassOther | Pins | LooksBack,
		"SET @a = @@warning_count, @b = row_count()":              ClassOther | Pins | LooksBack,
		"SET @a = @@warning_count":                                ClassOther | Pins | LooksBack,
		"SET @a = @@global.gtid_current_pos":                      ClassOther | Pins,
		"SET @a = @@timestamp":                                    ClassOther | Pins,
		"SET @a = (select 1), @b = (select x from t)":             ClassOther | Pins,
		"SET x = (select a from t), @@y = uuid()":                 ClassOther | Unrepeatable,
		"SET STATEMENT a=1, b=(2) FOR SELECT 1":                   ClassOther,
		"SET STATEMENT a=1 FOR SET @x=5":                          ClassOther | Pins,
		"SET STATEMENT a=1 FOR SET x=5":                           ClassOther | Unrepeatable,
		"SET STATEMENT a=1 FOR USE db":                            ClassOther | Unrepeatable,
		"SET STATEMENT a=1 FOR SELECT get_lock('x', 1)":           ClassOther | Pins,
		"SET STATEMENT a=1 FOR insert into t select found_rows()": ClassOther | LooksBack,
		"SET STATEMENT a=1 FOR KILL 5":                            ClassKill,
	})
}

func TestSettingsBySyntax(t *testing.T) {
	for _, c := range []struct {
		syntax    Syntax
		sql, want string
	}{
		{NoBackslashEscapes, `SET a='\', b='x'`, `a<'\'> b<'x'>`},
		{0, `SET a='\', b='x'`, `a<'\', b='x'>`},
		{AnsiQuotes, `SET "a"='x', @"b"=1`, `a<'x'> @b<1>`},
		{Syntax(0).With(GBK), "SET @a='\x81\\', @b=1", "@a<'\x81\\'> @b<1>"},
		{Syntax(0).With(GBK), "SET @\x81A=@\x81a", "others whole<>"},
		{Syntax(0).With(GBK), "SET @\x81A=1, @\x81a=2", "@\x81A<1> @\x81a<2>"},
	} {
		if got := settings(c.syntax, c.sql); got != c.want {
			t.Errorf("%q sets %q under %#x, want %q", c.sql, got, uint8(c.syntax), c.want)
		}
	}
}

func TestSettingsAreStatementsAgain(t *testing.T) {
	for sql, want := range map[string]string{
		"SET a=1, @@session.b = 2 /* c */, @`c d`='x'":           "SET a=1|SET @@session.b = 2|SET @`c d`='x'",
		"set session transaction isolation level a, read only":   "SET SESSION TRANSACTION isolation level a|SET SESSION TRANSACTION read only",
		"SET SESSION a=1, b=2, NAMES utf8 COLLATE x; SET ROLE r": "SET SESSION a=1|SET b=2|SET NAMES utf8 COLLATE x|SET ROLE r",
		"SET @a=@b ":                     "SET @a=@b ",
		"set character set x, charset y": "SET character set x|SET charset y",
	} {
		var got []string
		all := Syntax(0).Settings([]byte(sql))
		for set, ok := all.Next(); ok; set, ok = all.Next() {
			got = append(got, string(set.AppendStatement(nil)))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q gives %q, want %s", sql, got, want)
		}
	}
}

func TestSettingsChangeTheSyntax(t *testing.T) {
	gbk := Syntax(0).With(GBK)
	for sql, want := range map[string]Syntax{
		"SET NAMES big5": Syntax(0).With(Big5), "set names 'sjis' collate 'sjis_bin'": Syntax(0).With(SJIS),
		"SET NAMES utf8mb4": 0, "SET NAMES DEFAULT": 0, "SET CHARSET cp932": Syntax(0).With(SJIS),
		"SET @@session.character_set_client='gb18030'":      Syntax(0).With(GB18030),
		"SET `Character_Set_Client`=utf8":                   0,
		"SET character_set_results=big5":                    gbk,
		"SET sql_mode='ANSI,NO_BACKSLASH_ESCAPES'":          gbk | AnsiQuotes | NoBackslashEscapes,
		"SET sql_mode=CONCAT(@@sql_mode, ',ANSI_QUOTES')":   gbk | AnsiQuotes,
		"SET sql_mode=CONCAT(@@sql_mode, ',STRICT')":        gbk,
		"SET sql_mode=CONCAT('x', ',ANSI_QUOTES')":          gbk | AnsiQuotes,
		"SET sql_mode='', @a='ANSI'":                        gbk,
		"SET @sql_mode='ANSI'":                              gbk,
		"SET names=@a":                                      gbk,
		"SET sql_mode=@a":                                   gbk,
		"SET sql_mode=default":                              gbk,
		"SET autocommit=1":                                  gbk,
		"SET NAMES big5; SET sql_mode=ansi_quotes; SET a=1": AnsiQuotes.With(Big5),
	} {
		got := gbk
		all := Syntax(0).Settings([]byte(sql))
		for set, ok := all.Next(); ok; set, ok = all.Next() {
			got = set.Syntax(got)
		}
		if got != want {
			t.Errorf("the syntax behind %q is %#x, want %#x", sql, uint8(got), uint8(want))
		}
	}
	all := Syntax(0).Settings([]byte("SET sql_mode=REPLACE(@@sql_mode, 'ANSI_QUOTES', '')"))
	if set, _ := all.Next(); set.Syntax(gbk|AnsiQuotes) != gbk {
		t.Errorf("the mode that was taken out is still there")
	}
}
