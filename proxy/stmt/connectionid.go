package stmt

// ConnectionID recognises a text that is SELECT CONNECTION_ID(), perhaps with an
// alias, and nothing else. column is the name that a server would give the result's
// column. It allocates only when it is that.
func (x Syntax) ConnectionID(sql []byte) (column string, ok bool) {
	s := scanner{sql: sql, syntax: x}
	if !s.optional("select") {
		return "", false
	}
	call := s.next()
	if !fold(s.text(call), "connection_id") {
		return "", false
	}
	// Servers show comments within the call in ways of their own.
	s.spaces()
	if s.peek(0) != '(' {
		return "", false
	}
	s.pos++
	s.spaces()
	if s.peek(0) != ')' {
		return "", false
	}
	s.pos++
	call.end = s.pos
	column, ok = s.alias(s.text(call))
	return column, ok && s.restEmpty() && s.executables == 0
}

// alias reads the alias of an expression, if it has one, and returns the name of
// its column.
func (s *scanner) alias(expression []byte) (column string, ok bool) {
	if s.atEnd() {
		return string(expression), true
	}
	s.optional("as")
	t := s.next()
	switch t.kind {
	case tokenWord:
		word := s.text(t)
		return string(word), !isDigit(word[0]) && !isReserved(word)
	case tokenName, tokenString:
		if !s.closed(t) {
			return "", false
		}
		// Servers take the spaces off the beginning, and are strict about the end.
		column = s.syntax.unquote(s.text(t))
		return column, len(column) > 0 && len(column) <= maxAlias && !hasOuterSpaces(column)
	default:
		return "", false
	}
}

// maxAlias is how long an alias may be, in characters, and here in bytes.
const maxAlias = 64

func hasOuterSpaces(text string) bool { return isSpace(text[0]) || isSpace(text[len(text)-1]) }

// spaces moves over white space, not over comments.
func (s *scanner) spaces() {
	for isSpace(s.peek(0)) {
		s.pos++
	}
}
