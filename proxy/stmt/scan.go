package stmt

import "bytes"

// scanner walks the bytes of a text that may hold several statements. It never
// moves back but to a position that its caller kept, and never fails: what is
// left open at the end of the text ends there.
type scanner struct {
	sql []byte
	pos int
	// executables counts the executable comments met so far: text that servers
	// of some versions run and others skip. inExecutable says that the position
	// is within one.
	executables  int
	inExecutable bool
	// changes says that a statement changes what the session has: its variables,
	// its role, its default database.
	changes bool
	// makes says that a statement makes what lives in the server's connection
	// only; assigns, that a SET assigns a user variable.
	makes, assigns bool
}

// tokenKind is what a token is. Kinds above 0 that are not named here are the
// punctuation byte itself.
type tokenKind uint8

const (
	tokenEnd    tokenKind = 0
	tokenWord   tokenKind = 'a' // keyword, name or number
	tokenString tokenKind = '\''
	tokenName   tokenKind = '`' // a name in back quotes
)

// token is a piece of a statement: sql[start:end], quotes included.
type token struct {
	kind       tokenKind
	start, end int
}

func (s *scanner) text(t token) []byte { return s.sql[t.start:t.end] }

// next returns the token behind blanks. At the end of the text it is tokenEnd,
// for ever.
func (s *scanner) next() token {
	s.blanks()
	start := s.pos
	if start >= len(s.sql) {
		return token{start: start, end: start}
	}
	c := s.sql[start]
	switch {
	case isWordByte(c):
		s.pos = start + s.wordLen()
		return token{tokenWord, start, s.pos}
	case c == '\'' || c == '"':
		s.quoted()
		return token{tokenString, start, s.pos}
	case c == '`':
		s.quoted()
		return token{tokenName, start, s.pos}
	default:
		s.pos++
		if c == 0 { // must not look like the end
			c = ' '
		}
		return token{tokenKind(c), start, s.pos}
	}
}

// wordLen returns how many bytes of a word stand at the position.
func (s *scanner) wordLen() int {
	end := s.pos
	for end < len(s.sql) && isWordByte(s.sql[end]) {
		end++
	}
	return end - s.pos
}

// blanks moves over white space and comments and reports whether there were any.
// The marks of an executable comment are blanks, its content is not.
func (s *scanner) blanks() bool {
	start := s.pos
	for s.pos < len(s.sql) {
		switch c := s.sql[s.pos]; {
		case isSpace(c):
			s.pos++
		case c == '#', c == '-' && s.dashes():
			s.to('\n')
		case c == '/' && s.peek(1) == '*':
			s.comment()
		case c == '*' && s.inExecutable && s.peek(1) == '/':
			s.inExecutable = false
			s.pos += 2
		default:
			return s.pos > start
		}
	}
	return s.pos > start
}

// dashes reports whether a comment begins here with two dashes: only when a
// blank or nothing follows them.
func (s *scanner) dashes() bool {
	if s.peek(1) != '-' {
		return false
	}
	return s.pos+2 >= len(s.sql) || s.sql[s.pos+2] <= ' ' || s.sql[s.pos+2] == 0x7f
}

func (s *scanner) comment() {
	mark := s.pos + 2
	if s.peek(2) == 'M' {
		mark++ // MariaDB's own
	}
	if mark < len(s.sql) && s.sql[mark] == '!' {
		s.executables++
		s.inExecutable = true
		s.pos = mark + 1
		for s.pos < len(s.sql) && isDigit(s.sql[s.pos]) { // the version
			s.pos++
		}
		return
	}
	end := bytes.Index(s.sql[s.pos+2:], []byte("*/"))
	if end < 0 {
		s.pos = len(s.sql)
		return
	}
	s.pos += 2 + end + 2
}

// quoted moves over what is quoted by the byte at the position. closed is false
// when the text ends before the quote does.
func (s *scanner) quoted() (closed bool) {
	quote := s.sql[s.pos]
	for i := s.pos + 1; i < len(s.sql); i++ {
		switch {
		case s.sql[i] == '\\' && quote != '`':
			i++
		case s.sql[i] != quote:
		case i+1 < len(s.sql) && s.sql[i+1] == quote:
			i++ // doubled
		default:
			s.pos = i + 1
			return true
		}
	}
	s.pos = len(s.sql)
	return false
}

// to moves behind the next byte c, or to the end.
func (s *scanner) to(c byte) {
	end := bytes.IndexByte(s.sql[s.pos:], c)
	if end < 0 {
		s.pos = len(s.sql)
		return
	}
	s.pos += end + 1
}

// peek returns the byte at a distance, or 0 at the end.
func (s *scanner) peek(distance int) byte {
	if i := s.pos + distance; i < len(s.sql) {
		return s.sql[i]
	}
	return 0
}

func isSpace(c byte) bool {
	return c == ' ' || c >= '\t' && c <= '\r'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isWordByte reports whether c may be part of a name without quotes.
func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_' || c == '$' || c >= 0x80
}
