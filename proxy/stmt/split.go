package stmt

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

// block reads a statement that holds others, where semicolons separate nothing
// that a client would see, from its first word to the end of the text: what
// follows the block cannot be told from it. What it does is not seen, but for a
// KILL.
func (s *scanner) block(first token) Class {
	s.found |= Pins
	s.effect = EffectOther
	class := ClassOther
	opens := s.opens(first)
	for s.pos < len(s.sql) {
		t := s.next()
		if opens && t.kind == tokenWord && fold(s.text(t), "kill") {
			class = ClassKill
		}
		opens = s.opens(t)
	}
	return class
}

// opens reports whether a statement may begin behind the token.
func (s *scanner) opens(t token) bool {
	if t.kind != tokenWord {
		return t.kind == ';' || t.kind == ':'
	}
	var buf [longestWord]byte
	switch string(lowered(&buf, s.text(t))) {
	case "begin", "atomic", "then", "else", "do", "loop", "repeat":
		return true
	default:
		return false
	}
}

// defines reads on from CREATE or ALTER to what is created. Behind a routine, a
// trigger or an event stand statements which do not run now, and whose semicolons
// separate nothing that a client would see: it moves to the end of the text.
func (s *scanner) defines() {
	for !s.atEnd() {
		t := s.next()
		if t.kind != tokenWord || s.inAccount(t) {
			continue
		}
		var buf [longestWord]byte
		switch string(lowered(&buf, s.text(t))) {
		case "procedure", "function", "trigger", "event", "package":
			s.pos = len(s.sql)
			return
		case "temporary":
			s.found |= Pins
			return
		case "or", "replace", "aggregate", "definer":
		default: // a table, a view, an index, an account
			return
		}
	}
}

// inAccount reports whether a word is part of the account of DEFINER = user@host:
// it stands behind "=" or "@".
func (s *scanner) inAccount(t token) bool {
	before := s.skipSpacesBack(t.start)
	return before > 0 && (s.sql[before-1] == '=' || s.sql[before-1] == '@')
}
