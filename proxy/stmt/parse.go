package stmt

import "bytes"

// Parse recognises an extension statement. The grammar, keywords in any case:
//
//	statement = "SELECT" "LIBRARY" arg
//	          | "SET" "CORREL_OBJECT" arg arg arg
//	          | "SELECT" "LIBRARY_BY_CORREL_OBJECT" arg arg
//	          | "SHOW" "MYSQLDA" { arg }              (at most MaxWords)
//	          | "SET" "MYSQLDA" { arg }               (at most MaxWords)
//	          | "MYSQLDA" { arg }                     (at most MaxAdminWords)
//	arg       = bare | "'" text "'" | '"' text '"' | "`" text "`" | "?"
//	bare      = first { first | "-" | "." | "@" | ":" | "/" }
//	first     = letter | digit | "_" | "$" | "+" | any byte from 0x80
//
// Words and arguments are separated by white space or comments, which may also
// stand before and behind the statement; semicolons may follow. Keywords cannot
// be quoted. A bare argument is no reserved word of SQL that could follow a
// column's name ("select library from" is SQL; "select library 'from'" is ours);
// it does not end in two dashes and no "#" touches it, since either might be
// taken for a comment by one reader and for a part of the name by another.
// SHOW MYSQLDA and SET MYSQLDA are ours whatever words follow. Text with an
// executable comment is never ours. A statement whose first word is MYSQLDA is no
// server's, whatever follows and however closely: Malformed if it is none of the
// above.
//
// Parse allocates nothing when the verdict is NotOurs. The extension is only set
// when it is Ours.
func (x Syntax) Parse(sql []byte) (Extension, Verdict) {
	class := x.Classify(sql)
	if class.Base() != ClassExtension {
		return Extension{}, NotOurs
	}
	s := scanner{sql: sql, syntax: x}
	s.blanks()
	administers := s.beginsWith("mysqlda")
	if m, ok := s.extension(); ok && !m.executable && s.restEmpty() {
		return m.build(sql, x), Ours
	}
	if administers && !class.IsMulti() {
		return Extension{}, Malformed
	}
	return Extension{}, OursInMulti
}

// beginsWith reports whether a word stands at the position.
func (s *scanner) beginsWith(lower string) bool {
	return fold(s.sql[s.pos:s.pos+s.wordLen()], lower)
}

// match is an extension statement before anything of it is copied.
type match struct {
	kind       Kind
	from, n    int  // where its arguments are, and how many
	executable bool // it has to do with an executable comment
}

func (m *match) build(sql []byte, x Syntax) Extension {
	e := Extension{Kind: m.kind, Args: make([]Arg, m.n)}
	again := scanner{sql: sql, pos: m.from, syntax: x}
	for i := range e.Args {
		again.blanks()
		t, _ := again.argument() // it was one before
		arg := Arg{Start: t.start, End: t.end}
		text := sql[t.start:t.end]
		switch t.kind {
		case '?':
			arg.Placeholder = true
			e.Params++
		case tokenWord:
			arg.Text = string(text)
		default:
			arg.Text = x.unquote(text)
		}
		e.Args[i] = arg
	}
	return e
}

// extends reports whether the statement at a position, whose first word was just
// read, is an extension statement, and if so moves to its end.
func (s *scanner) extends(start int, first token) bool {
	if first.end-first.start == len("mysqlda") && fold(s.text(first), "mysqlda") {
		return true // a label of that name, with its colon, is none either
	}
	second := s.pos
	for second < len(s.sql) && isSpace(s.sql[second]) {
		second++
	}
	if second >= len(s.sql) {
		return false
	}
	switch c := toLower(s.sql[second]); {
	case c == '/' || c == '-' || c == '#': // a comment
	case c == 'l' && first.end-first.start == len("select"):
	case (c == 'c' || c == 'm') && first.end-first.start == len("set"):
	case c == 'm' && first.end-first.start == len("show"):
	default:
		return false
	}
	again := *s
	again.pos = start
	m, ok := again.extension()
	if !ok {
		return false
	}
	if end := again; m.executable && !s.several && end.restEmpty() {
		return false // servers decide by their version what it is
	}
	*s = again
	return true
}

// extension reads an extension statement up to its semicolon or the end of the
// text. When there is none it stays where it is.
func (s *scanner) extension() (m match, ok bool) {
	start, executables := s.pos, s.executables
	m.executable = s.inExecutable
	if m.kind = s.keywords(); m.kind != 0 && s.arguments(&m) {
		m.executable = m.executable || s.executables > executables
		return m, true
	}
	s.pos = start
	return match{}, false
}

// keywords reads the words that an extension statement begins with.
func (s *scanner) keywords() Kind {
	first := s.keyword()
	if fold(first, "mysqlda") {
		return Mysqlda
	}
	isSelect, isSet, isShow := fold(first, "select"), fold(first, "set"), fold(first, "show")
	if !isSelect && !isSet && !isShow {
		return 0
	}
	if !s.blanks() {
		return 0
	}
	switch second := s.keyword(); {
	case isSelect && fold(second, "library"):
		return SelectLibrary
	case isSelect && fold(second, "library_by_correl_object"):
		return SelectLibraryByCorrelObject
	case isSet && fold(second, "correl_object"):
		return SetCorrelObject
	case isShow && fold(second, "mysqlda"):
		return ShowMysqlda
	case isSet && fold(second, "mysqlda"):
		return SetMysqlda
	default:
		return 0
	}
}

func (s *scanner) keyword() []byte {
	start := s.pos
	s.pos += s.wordLen()
	return s.sql[start:s.pos]
}

// arguments reads as many arguments as the kind has, and the statement's end.
func (s *scanner) arguments(m *match) bool {
	m.from = s.pos
	for {
		separated := s.blanks()
		if s.atEnd() {
			return m.kind.takes(m.n)
		}
		if !separated || m.n == m.kind.most() {
			return false
		}
		t, ok := s.argument()
		if !ok || t.kind == tokenWord && !m.kind.isOpen() && isReserved(s.text(t)) {
			return false
		}
		m.n++
	}
}

// takes reports whether a statement of the kind may have n arguments.
func (k Kind) takes(n int) bool {
	switch k {
	case SelectLibrary:
		return n == 1
	case SelectLibraryByCorrelObject:
		return n == 2
	case SetCorrelObject:
		return n == 3
	default:
		return true
	}
}

// most is how many arguments a statement of the kind may have.
func (k Kind) most() int {
	if k == Mysqlda {
		return MaxAdminWords
	}
	return MaxWords
}

// isOpen reports whether any words may follow the statement's keywords, none of
// which could go on with ordinary SQL.
func (k Kind) isOpen() bool { return k == ShowMysqlda || k == SetMysqlda || k == Mysqlda }

// argument reads one argument.
func (s *scanner) argument() (t token, ok bool) {
	start := s.pos
	switch c := s.sql[start]; {
	case c == '?':
		s.pos++
		return token{'?', start, s.pos}, true
	case c == '\'' || c == '"' || c == '`':
		ok = s.quoted()
		return token{tokenKind(c), start, s.pos}, ok
	case isBareFirst(c):
		for s.pos < len(s.sql) && isBare(s.sql[s.pos]) && !(s.sql[s.pos] == '/' && s.peek(1) == '*') {
			s.pos++
		}
		bare := s.sql[start:s.pos]
		return token{tokenWord, start, s.pos}, s.peek(0) != '#' && !bytes.HasSuffix(bare, []byte("--"))
	default:
		return token{}, false
	}
}

// isBareFirst reports whether c may begin a bare argument.
func isBareFirst(c byte) bool { return isWordByte(c) || c == '+' }

// isBare reports whether c may be part of a bare argument.
func isBare(c byte) bool {
	return isBareFirst(c) || c == '-' || c == '.' || c == '@' || c == ':' || c == '/'
}
