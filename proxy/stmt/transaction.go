package stmt

// begins reads on from BEGIN and reports whether a transaction begins. When none
// does it stays.
func (s *scanner) begins() bool {
	start := s.pos
	s.optional("work")
	if s.atEnd() {
		return true
	}
	s.pos = start
	return false
}

// ends reads on from COMMIT or ROLLBACK and reports whether that ends the
// transaction and does no more.
func (s *scanner) ends() bool {
	s.optional("work")
	if s.optional("and") && !(s.optional("no") && s.optional("chain")) {
		return false
	}
	if s.optional("no") && !s.optional("release") {
		return false
	}
	return s.atEnd()
}

// optional moves over a word if it comes next and reports whether it did.
func (s *scanner) optional(lower string) bool {
	start := s.pos
	if t := s.next(); t.kind == tokenWord && fold(s.text(t), lower) {
		return true
	}
	s.pos = start
	return false
}
