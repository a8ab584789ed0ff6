package stmt

import "bytes"

// scanner walks the bytes of a text that may hold several statements. It never
// moves back but to a position that its caller kept, and never fails: what is
// left open at the end of the text ends there.
type scanner struct {
	sql    []byte
	pos    int
	syntax Syntax
	// inExecutable says that the position is within an executable comment: text
	// that servers of some versions run and others skip. executables counts those
	// met so far.
	inExecutable bool
	executables  int
	// found are the flags of what was met so far.
	found Class
	// effect is what this statement does.
	effect Effect
	// several says that statements stand before this one.
	several bool
	// loads says that the statement is LOAD DATA, which sets the variables that it
	// names.
	loads bool
	// gap is the comment that was met last, and those that it touches: the bytes
	// between gapStart and gapEnd. See before.
	gapStart, gapEnd int
}

// tokenKind is what a token is. Kinds above 0 that are not named here are the
// punctuation byte itself.
type tokenKind uint8

const (
	tokenEnd    tokenKind = 0
	tokenWord   tokenKind = 'a' // keyword, name or number
	tokenString tokenKind = '\''
	tokenName   tokenKind = '`' // a quoted name
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
	return s.token()
}

// token is next where no blank stands.
func (s *scanner) token() token {
	start := s.pos
	if start >= len(s.sql) {
		return token{start: start, end: start}
	}
	c := s.sql[start]
	switch {
	case isWordByte(c):
		s.pos = start + s.wordLen()
		return token{tokenWord, start, s.pos}
	case c == '\'' || c == '"' || c == '`':
		s.quoted()
		return token{s.quotes(c), start, s.pos}
	default:
		s.pos++
		if c == 0 { // must not look like the end
			c = ' '
		}
		return token{tokenKind(c), start, s.pos}
	}
}

// quotes returns what kind of token is between two quotes.
func (s *scanner) quotes(quote byte) tokenKind {
	if quote == '`' || quote == '"' && s.syntax&AnsiQuotes != 0 {
		return tokenName
	}
	return tokenString
}

// escapes reports whether a backslash escapes between two quotes.
func (x Syntax) escapes(quote byte) bool {
	return quote == '\'' && x&NoBackslashEscapes == 0 ||
		quote == '"' && x&(NoBackslashEscapes|AnsiQuotes) == 0
}

// wordLen returns how many bytes of a word stand at the position.
func (s *scanner) wordLen() int {
	text := s.sql[s.pos:]
	n := 0
	for n < len(text) && isWordByte(text[n]) {
		if text[n] >= 0x80 && s.syntax.Charset() != Plain {
			n += max(s.syntax.Charset().wide(text[n:]), 1)
			continue
		}
		n++
	}
	return n
}

// blanks moves over white space and comments and reports whether there were any.
// The marks of an executable comment are blanks, its content is not.
func (s *scanner) blanks() bool {
	start := s.pos
	for s.pos < len(s.sql) {
		c := s.sql[s.pos]
		if c > '/' { // above every byte that begins a blank: as nearly always
			break
		}
		if isSpace(c) {
			s.pos++
		} else if !s.comment() {
			break
		}
	}
	return s.pos > start
}

// comment moves over the comment that begins at the position, or the mark at
// either end of an executable comment, and reports whether there is one.
func (s *scanner) comment() bool {
	start := s.pos
	switch c := s.sql[start]; {
	case c != '#' && c != '-' && c != '/' && c != '*':
		return false
	case c == '#', c == '-' && s.dashes():
		s.to('\n')
	case c == '/' && s.peek(1) == '*':
		s.slashComment()
	case c == '*' && s.inExecutable && s.peek(1) == '/':
		s.inExecutable = false
		s.pos += 2
	default:
		return false
	}
	if s.skipSpacesBack(start) != s.gapEnd {
		s.gapStart = start
	}
	s.gapEnd = s.skipSpacesBack(s.pos)
	return true
}

// dashes reports whether a comment begins here with two dashes: only when a
// blank or nothing follows them.
func (s *scanner) dashes() bool {
	if s.peek(1) != '-' {
		return false
	}
	return s.pos+2 >= len(s.sql) || s.sql[s.pos+2] <= ' ' || s.sql[s.pos+2] == 0x7f
}

func (s *scanner) slashComment() {
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

// before returns the word that ends before a position, with blanks between; the
// comments met last are blanks, too. It gives nothing when none stands there,
// or one longer than any that is looked up.
func (s *scanner) before(pos int) []byte {
	end := s.skipSpacesBack(pos)
	if end == s.gapEnd && s.gapEnd > 0 {
		end = s.skipSpacesBack(s.gapStart)
	}
	start := end
	for start > 0 && isWordByte(s.sql[start-1]) {
		if start--; end-start > longestWord {
			return nil
		}
	}
	return s.sql[start:end]
}

// skipSpacesBack returns where the white space that ends at a position begins.
func (s *scanner) skipSpacesBack(pos int) int {
	for pos > 0 && isSpace(s.sql[pos-1]) {
		pos--
	}
	return pos
}

// quoted moves over what is quoted by the byte at the position. closed is false
// when the text ends before the quote does.
func (s *scanner) quoted() (closed bool) {
	if s.syntax.Charset() != Plain {
		return s.quotedWide()
	}
	quote := s.sql[s.pos]
	escapes := s.syntax.escapes(quote)
	text := s.sql[s.pos+1:]
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], quote)
		if n < 0 {
			s.pos = len(s.sql)
			return false
		}
		if escapes {
			if skip, ok := afterEscapes(text[i : i+n]); ok {
				i += skip
				if skip > n {
					continue // the quote itself was escaped
				}
				n -= skip
			}
		}
		i += n + 1
		if i < len(text) && text[i] == quote { // doubled
			i++
			continue
		}
		s.pos += 1 + i
		return true
	}
}

// afterEscapes returns how many bytes of a text the escapes of backslashes and
// what is before them take: one more than it has when it ends in one that
// escapes what follows. ok is false when there is none.
func afterEscapes(text []byte) (n int, ok bool) {
	for {
		i := bytes.IndexByte(text[min(n, len(text)):], '\\')
		if i < 0 {
			return n, ok
		}
		n, ok = n+i+2, true
	}
}

// quotedWide is quoted where the second byte of a character may be a quote or a
// backslash.
func (s *scanner) quotedWide() (closed bool) {
	charset, quote := s.syntax.Charset(), s.sql[s.pos]
	escapes := s.syntax.escapes(quote)
	for i := s.pos + 1; i < len(s.sql); i++ {
		c := s.sql[i]
		switch {
		case c >= 0x80:
			if n := charset.wide(s.sql[i:]); n > 0 {
				i += n - 1
			}
		case c == '\\' && escapes:
			i++
		case c != quote:
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
func isWordByte(c byte) bool { return wordBytes[c] }

// wordBytes is never changed.
var wordBytes = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(byte(c)) || c == '_' || c == '$' || c >= 0x80
	}
	return table
}()
