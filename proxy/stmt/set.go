package stmt

// set reads on from SET. The statement is ClassSet when every assignment of it
// is one of the session's, with a value that comes out the same whenever and
// wherever the text is run again.
func (s *scanner) set() Class {
	start := s.pos
	if s.optional("transaction") {
		s.changes = true
		return ClassNextTransaction
	}
	if s.atEnd() || !s.setsSession() {
		s.pos = start
		return ClassOther
	}
	s.pos = start
	if !s.expressions(repeatable) {
		s.makes = s.makes || s.assigns
		return ClassOther
	}
	return ClassSet
}

// setsSession reads a list of assignments and reports whether all are the
// session's.
func (s *scanner) setsSession() bool {
	all, depth := true, 0
	for begins := true; !s.atEnd(); {
		t := s.next()
		if begins {
			all = s.setsHere(t) && all
		}
		begins = false
		switch t.kind {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			begins = depth == 0
		}
	}
	return all
}

// setsHere reports whether the assignment, or the other statement, that begins
// with a token is about the session's variables and nothing else.
func (s *scanner) setsHere(t token) bool {
	var buf [longestWord]byte
	switch t.kind {
	case tokenName:
	case '@':
		if s.peek(0) != '@' {
			s.assigns = true // a user variable
			return true
		}
		s.pos++
		word := lowered(&buf, s.text(s.next()))
		if isElsewhere(word) || isNextTransaction(word) {
			return false
		}
	case tokenWord:
		word := lowered(&buf, s.text(t))
		if isElsewhere(word) || isOtherSet(word) {
			s.changes = s.changes || string(word) == "role"
			return false
		}
	default:
		return false
	}
	s.changes = true
	return true
}

// isElsewhere reports whether the word is a scope that outlives the session.
func isElsewhere(word []byte) bool {
	switch string(word) {
	case "global", "persist", "persist_only":
		return true
	default:
		return false
	}
}

// isNextTransaction reports whether the word is a variable that, behind a bare
// "@@", is set for the next transaction only.
func isNextTransaction(word []byte) bool {
	switch string(word) {
	case "transaction_isolation", "transaction_read_only", "tx_isolation", "tx_read_only":
		return true
	default:
		return false
	}
}

// isOtherSet reports whether SET and the word begin a statement that has nothing
// to do with variables.
func isOtherSet(word []byte) bool {
	switch string(word) {
	case "default", "password", "resource", "role", "statement":
		return true
	default:
		return false
	}
}
