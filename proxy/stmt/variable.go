package stmt

// userVariable reads the name of a user variable behind its "@".
func (s *scanner) userVariable() token {
	name := s.adjacent()
	for name.kind == tokenWord && s.peek(0) == '.' {
		s.pos++
		s.pos += s.wordLen()
		name.end = s.pos
	}
	return name
}

// systemVariable reads the scope and the name of a system variable behind its
// "@@". Without a scope it is ScopeSession.
func (s *scanner) systemVariable() (scope Scope, name token) {
	name = s.adjacent()
	if s.peek(0) == '.' && name.kind == tokenWord {
		if given, ok := scopeOf(s.text(name)); ok {
			s.pos++
			scope, name = given, s.adjacent()
		}
	}
	s.component(&name)
	return scope, name
}

// component reads the second part of a variable with two names, such as
// hot_cache.key_buffer_size.
func (s *scanner) component(name *token) {
	if s.peek(0) == '.' {
		s.pos++
		name.end = s.adjacent().end
	}
}

// adjacent returns the name that begins at the position, without blanks before
// it. It may be empty.
func (s *scanner) adjacent() token {
	start := s.pos
	switch c := s.peek(0); c {
	case '\'', '"', '`':
		s.quoted()
		return token{s.quotes(c), start, s.pos}
	default:
		s.pos += s.wordLen()
		return token{tokenWord, start, s.pos}
	}
}

// scopeOf returns the scope that a word before a variable names.
func scopeOf(word []byte) (scope Scope, ok bool) {
	var buf [longestWord]byte
	switch string(lowered(&buf, word)) {
	case "session", "local":
		return ScopeSession, true
	case "global", "persist", "persist_only":
		return ScopeElsewhere, true
	default:
		return 0, false
	}
}

// isNextTransaction reports whether the name is of a variable that, behind a bare
// "@@", is set for the next transaction only.
func isNextTransaction(name []byte) bool {
	var buf [longestWord]byte
	switch string(lowered(&buf, name)) {
	case "transaction_isolation", "transaction_read_only", "tx_isolation", "tx_read_only":
		return true
	default:
		return false
	}
}

// isNextStatement reports whether the name is of a variable that statements after
// it use up or overwrite.
func isNextStatement(name []byte) bool {
	var buf [longestWord]byte
	switch string(lowered(&buf, name)) {
	case "insert_id", "last_insert_id", "identity", "rand_seed1", "rand_seed2", "gtid_seq_no":
		return true
	default:
		return false
	}
}
