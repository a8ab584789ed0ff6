package stmt

import (
	"strings"
	"testing"
)

// ours renders what Parse found so that tables can be read: the kind, then the
// arguments, a placeholder as a bare ?.
func ours(e Extension) string {
	names := map[Kind]string{
		SelectLibrary: "library", SetCorrelObject: "correl",
		SelectLibraryByCorrelObject: "by", ShowMysqlda: "show", SetMysqlda: "set", Mysqlda: "mysqlda",
	}
	out := names[e.Kind]
	for _, arg := range e.Args {
		if arg.Placeholder {
			out += " ?"
		} else {
			out += " <" + arg.Text + ">"
		}
	}
	return out
}

func TestExtensionStatementsAreRecognised(t *testing.T) {
	for sql, want := range map[string]string{
		"select library 13812345678":                                "library <13812345678>",
		"select library 13812345678;":                               "library <13812345678>",
		"select library 13812345678 ; ;\n":                          "library <13812345678>",
		"  SELECT\tLibrary\n+8613812345678  ":                       "library <+8613812345678>",
		"select library A-17_x.y@z":                                 "library <A-17_x.y@z>",
		"select library dev:17/3":                                   "library <dev:17/3>",
		"select library 客户一":                                        "library <客户一>",
		"select library 'a b'":                                      "library <a b>",
		`select library "a'b"`:                                      "library <a'b>",
		"select library `from`":                                     "library <from>",
		"select library 'from'":                                     "library <from>",
		"select library ''":                                         "library <>",
		"select library 'it''s'":                                    "library <it's>",
		`select library 'it\'s \\ \n \% \q'`:                        "library <it's \\ \n \\% q>",
		"select library `a``b\\`":                                   "library <a`b\\>",
		"select library 'a;b'":                                      "library <a;b>",
		"select library ?":                                          "library ?",
		"/* c */select/**/library/*x*/A/* c */;# end":               "library <A>",
		"-- c\nselect -- c\n library # c\n A -- c":                  "library <A>",
		"select library A--1":                                       "library <A--1>",
		"select library fromage":                                    "library <fromage>",
		"/*!40101 */ select library A":                              "library <A>",
		"set correl_object card_no 330001 13812345678":              "correl <card_no> <330001> <13812345678>",
		"SET CORREL_OBJECT 'card no' ? \"x\";":                      "correl <card no> ? <x>",
		"select library_by_correl_object card_no 330001":            "by <card_no> <330001>",
		"select library_by_correl_object ? ?":                       "by ? ?",
		"show mysqlda":                                              "show",
		"SHOW MYSQLDA LIBRARIES":                                    "show <LIBRARIES>",
		"show mysqlda placement 'x';":                               "show <placement> <x>",
		"show mysqlda placement from":                               "show <placement> <from>",
		"SET MYSQLDA READ REPLICA":                                  "set <READ> <REPLICA>",
		"set mysqlda read replica 2.5;":                             "set <read> <replica> <2.5>",
		"/* c */ Set\tMysqlda\n'read' `replica` \"5\" -- c":         "set <read> <replica> <5>",
		"set/**/mysqlda # c\n read active ; ;":                      "set <read> <active>",
		"set mysqlda read replica ?":                                "set <read> <replica> ?",
		"set mysqlda":                                               "set",
		"set mysqlda read from":                                     "set <read> <from>",
		"mysqlda":                                                   "mysqlda",
		"MYSQLDA;":                                                  "mysqlda",
		"MYSQLDA LIBRARY ADD 'l 3' SERVERS \"h:1,h:2\" weight 100;": "mysqlda <LIBRARY> <ADD> <l 3> <SERVERS> <h:1,h:2> <weight> <100>",
		"/* c */ mysqlda/**/user\n-- c\n add ? password ? ; ;":      "mysqlda <user> <add> ? <password> ?",
		"mysqlda settings set max_share 0.5 from where":             "mysqlda <settings> <set> <max_share> <0.5> <from> <where>",
		"mysqlda user add a password 'it''s; x'":                    "mysqlda <user> <add> <a> <password> <it's; x>",
		"mysqlda" + strings.Repeat(" x", MaxAdminWords):             "mysqlda" + strings.Repeat(" <x>", MaxAdminWords),
		"select library " + strings.Repeat("x", 1<<16):              "library <" + strings.Repeat("x", 1<<16) + ">",
		"select library" + strings.Repeat(" ", 1<<16) + " x":        "library <x>",
	} {
		e, verdict := Parse([]byte(sql))
		if verdict != Ours || ours(e) != want {
			t.Errorf("Parse(%.80q) = %.80q, verdict %d; want %.80q", sql, ours(e), verdict, want)
		}
	}
}

func TestOrdinarySQLIsNotOurs(t *testing.T) {
	for _, sql := range []string{
		"", ";", " ", "--", "/*", "'", "select", "select library", "select library;",
		"select library from books",
		"select library, x from t",
		"select library x, y",
		"select library 'a' 'b'",
		"select library a 'b'",
		"select library'a'",
		"select library a'b'",
		"select library.id from library",
		"select library .id",
		"select library as x",
		"select library x from t",
		"select library x y",
		"select library from", "select library LIMIT", "select library Where", "select library null",
		"select library (1)", "select library=1", "select library * 2", "select library -1",
		"select library @x", "select library :name",
		"select library A#comment", "select library A-- comment", "select library A--",
		"select library 'open", "select library `open", `select library "open\"`,
		"select 'library' x", "select `library` x", "`select` library x",
		"select library ??",
		"selectlibrary x", "select libraryx y",
		"set correl_object = 1", "set correl_object=1", "set correl_object := 1",
		"set correl_object a b", "set correl_object a b c d",
		"set correl_object 'a''b' 'c'",
		"set correl_object a'b'c",
		"select library_by_correl_object a",
		"show mysqlda a b c d e", "show mysqldax", "show tables",
		"set mysqlda a b c d e", "set mysqldax read active", "set mysqlda = 1", "set mysqlda := 1", "set @mysqlda = 1",
		"set mysqlda.read = 1", "set `mysqlda` read active", "set mysqlda read = active", "set mysqlda, read",
		"/*! set mysqlda read active */",
		"mysqldax user", "mysqlda2.user", "`mysqlda` user", "(mysqlda user)",
		"select mysqlda from t", "call mysqlda", "begin not atomic mysqlda user add a; end",
		"/*! select library A */",
		"select library /*! A */",
		"select /*!50000 library */ A",
		"insert into t values ('; select library x')",
		"insert into t values (\"; select library x\"); select 1",
		"select 1 /* ; select library x */; select 2",
		"select 1 -- ; select library x\n; select 2",
		"create procedure p() begin select library x; end",
		"create definer=root@localhost procedure p() begin select 1; select library x; end",
		"create or replace definer = `a`@`b` trigger t before insert on x for each row begin select library x; end",
		"alter event e do begin select library x; end",
		"begin not atomic select library x; end",
	} {
		if e, verdict := Parse([]byte(sql)); verdict != NotOurs {
			t.Errorf("Parse(%q) = %q, verdict %d; want NotOurs", sql, ours(e), verdict)
		}
	}
}

// TestWhatBeginsWithMysqldaIsNoServers: a password in it would be in a server's error
// message, and in its logs.
func TestWhatBeginsWithMysqldaIsNoServers(t *testing.T) {
	for _, sql := range []string{
		"mysqlda user add a, password 'secret'", "mysqlda user = 'secret'", "mysqlda (user)", "MYSQLDA user add 'open",
		"mysqlda user add a password 'x' 'y'z", "mysqlda user add A--", "mysqlda .x", "mysqlda :x", "mysqlda @x",
		"mysqlda(user) password 'x'", "MYSQLDA.x password 'x'", "mysqlda'x'", "/* c */ mysqlda='x'", "mysqlda: loop", "mysqlda@x",
		"mysqlda`x`", "mysqlda,x", "mysqlda-x", "mysqlda\"x",
		"/*! mysqlda user remove a */", "mysqlda user /*! remove a */", "mysqlda user remove /*!99999 a */ b",
		"mysqlda" + strings.Repeat(" x", MaxAdminWords+1),
	} {
		if e, verdict := Parse([]byte(sql)); verdict != Malformed || e.Kind != 0 {
			t.Errorf("Parse(%q) = %q, verdict %d; want Malformed", sql, ours(e), verdict)
		}
	}
}

func TestExtensionAmongSeveralStatementsIsTold(t *testing.T) {
	for _, sql := range []string{
		"select library x; select 1",
		"select 1; select library x",
		"select 1;select 2;\tselect library x;",
		"; select library x",
		"select ';'; set correl_object a b c",
		"select 1; /* c */ show mysqlda libraries",
		"select library x; select library y",
		"create table t (event int); select library x",
		"create table event (a int); select library x",
		"create definer=event@event view v as select 1; select library x",
		"select 1 /*!40000 */; select library x",
		"select 1; /*! select library x */",
		"begin; select library x; commit",
		"set mysqlda read replica; select 1",
		"select 1; SET mysqlda READ active",
		"mysqlda user remove a; select 1", "select 1; mysqlda user, x", "; mysqlda user remove a",
		"do 1; mysqlda(user) password 'x'", "mysqlda.x password 'x'; do 1", "; /* c */ mysqlda'x'", "mysqlda: loop do 1; end loop",
	} {
		if e, verdict := Parse([]byte(sql)); verdict != OursInMulti || e.Kind != 0 {
			t.Errorf("Parse(%q) = %q, verdict %d; want OursInMulti", sql, ours(e), verdict)
		}
	}
}

func TestValuesTakeThePlacesOfPlaceholders(t *testing.T) {
	e, _ := Parse([]byte("set correl_object ? 'x' ?"))
	if e.Params != 2 {
		t.Fatalf("%d placeholders, want 2", e.Params)
	}
	got, err := e.Values("a", "b")
	if err != nil || strings.Join(got, ",") != "a,x,b" {
		t.Errorf("Values = %q, %v", got, err)
	}
	for _, params := range [][]string{nil, {"a"}, {"a", "b", "c"}} {
		if _, err := e.Values(params...); err == nil {
			t.Errorf("%d values for 2 placeholders are no error", len(params))
		}
	}
}
