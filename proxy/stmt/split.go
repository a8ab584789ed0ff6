package stmt

import "bytes"

// skipStatement moves behind what is left of a statement: to its semicolon, or
// the end of the text.
func (s *scanner) skipStatement() {
	// The usual text has no semicolon, or nothing behind the first: it is not
	// looked at any closer.
	semicolon := bytes.IndexByte(s.sql[s.pos:], ';')
	if semicolon < 0 {
		s.pos = len(s.sql)
		return
	}
	if rest := (scanner{sql: s.sql, pos: s.pos + semicolon}); rest.restEmpty() {
		s.pos += semicolon
		return
	}
	for {
		switch t := s.next(); t.kind {
		case tokenEnd:
			return
		case ';':
			s.pos = t.start
			return
		}
	}
}

// atEnd moves over blanks and reports whether a statement ends there.
func (s *scanner) atEnd() bool {
	s.blanks()
	return s.pos >= len(s.sql) || s.sql[s.pos] == ';'
}

// restEmpty moves over blanks and semicolons and reports whether nothing else is
// left of the text.
func (s *scanner) restEmpty() bool {
	for s.blanks(); s.peek(0) == ';'; s.blanks() {
		s.pos++
	}
	return s.pos >= len(s.sql)
}

// skipCompound moves to the end of the text when the statement whose first word
// was just read may hold others in its body, where semicolons separate nothing
// that a client would see: a routine, a trigger, an event, a block. Otherwise it
// stays.
func (s *scanner) skipCompound(first []byte) {
	start := s.pos
	compound := false
	switch {
	case fold(first, "create"), fold(first, "alter"):
		compound = s.definesRoutine()
	case fold(first, "begin"):
		compound = fold(s.text(s.next()), "not") // BEGIN NOT ATOMIC
	}
	s.pos = start
	if compound {
		s.pos = len(s.sql)
	}
}

// definesRoutine reads on from CREATE or ALTER to what is created.
func (s *scanner) definesRoutine() bool {
	for {
		t := s.next()
		switch {
		case t.kind == tokenEnd || t.kind == ';':
			return false
		case t.kind != tokenWord || s.inAccount(t):
			continue
		}
		switch word := s.text(t); {
		case fold(word, "procedure"), fold(word, "function"), fold(word, "trigger"),
			fold(word, "event"), fold(word, "package"):
			return true
		case fold(word, "or"), fold(word, "replace"), fold(word, "aggregate"), fold(word, "definer"):
		default: // a table, a view, an index, an account
			return false
		}
	}
}

// inAccount reports whether a word is part of the account of DEFINER = user@host:
// it stands behind "=" or "@".
func (s *scanner) inAccount(t token) bool {
	before := bytes.TrimRight(s.sql[:t.start], " \t\r\n")
	return len(before) > 0 && (before[len(before)-1] == '=' || before[len(before)-1] == '@')
}
