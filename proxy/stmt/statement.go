package stmt

// statement classifies the statement at the position and moves to its semicolon
// or the end of the text.
func (s *scanner) statement() Class {
	s.loads, s.effect = false, EffectOther
	class := s.classify()
	if s.pos < len(s.sql) && s.sql[s.pos] != ';' {
		s.rest()
	}
	return class
}

// classify classifies the statement at the position, of which it reads as much
// as that needs.
func (s *scanner) classify() Class {
	t := s.next()
	start, grouped := t.start, t.kind == '('
	for t.kind == '(' {
		t = s.next()
	}
	if t.kind != tokenWord {
		s.pos = t.start // it may be a semicolon
		return ClassOther
	}
	switch {
	case grouped && !fold(s.text(t), "select"): // no other class begins so
		return ClassOther
	case !grouped && s.extends(start, t):
		return ClassExtension
	}
	var buf [longestWord]byte
	first := lowered(&buf, s.text(t))
	s.effect = effectOf(first)
	switch string(first) {
	case "select", "do":
		return harmlessIf(s.expressions(anyPure))
	case "show":
		return harmlessIf(s.show())
	case "set":
		return s.set()
	case "use":
		if _, ok := s.use(); ok {
			s.found |= sets
			return ClassUse
		}
	case "begin":
		if s.begins() {
			return ClassBegin
		}
		return s.block(t)
	case "start":
		if s.optional("transaction") {
			s.effect = EffectTransaction
			return ClassBegin // whatever characteristics follow
		}
	case "commit", "rollback":
		if s.ends() {
			return ClassEnd
		}
	case "kill":
		return ClassKill
	case "if", "case", "loop", "while", "repeat", "for", "declare":
		return s.block(t)
	case "create", "alter":
		s.defines()
	case "load":
		s.loads = true
	case "prepare", "execute":
		return s.dynamic()
	default:
		return s.others(string(first))
	}
	return ClassOther
}

// others marks what statements of no class of their own leave in the connection.
func (s *scanner) others(first string) Class {
	switch first {
	case "call", "lock", "handler", "binlog":
		s.found |= Pins
	case "get": // DIAGNOSTICS, into variables
		s.found |= Pins | LooksBack
	case "backup":
		s.pinsUnless("unlock", "", "")
	case "xa":
		s.pinsUnless("commit", "rollback", "recover")
	case "flush":
		s.flush()
	default:
		if s.peek(0) == ':' && s.peek(1) != '=' { // a label
			return s.block(token{start: s.pos, end: s.pos})
		}
	}
	return ClassOther
}

func (s *scanner) pinsUnless(a, b, c string) {
	if t := s.next(); !fold(s.text(t), a) && !fold(s.text(t), b) && !fold(s.text(t), c) {
		s.found |= Pins
	}
}

// flush reads on from FLUSH, which takes locks in two forms: WITH READ LOCK and
// FOR EXPORT.
func (s *scanner) flush() {
	for !s.atEnd() {
		t := s.next()
		if word := s.text(t); t.kind == tokenWord && (fold(word, "lock") || fold(word, "export")) {
			s.found |= Pins
		}
	}
}

// dynamic reads on from PREPARE or EXECUTE. A KILL in the text of a statement is
// found if that is one string.
func (s *scanner) dynamic() Class {
	s.found |= Pins
	for !s.atEnd() {
		t := s.next()
		if t.kind != tokenString || !s.closed(t) {
			continue
		}
		inner := scanner{sql: s.sql[t.start+1 : t.end-1], syntax: s.syntax}
		if fold(inner.text(inner.next()), "kill") {
			return ClassKill
		}
	}
	return ClassOther
}

func harmlessIf(harmless bool) Class {
	if harmless {
		return ClassHarmless
	}
	return ClassOther
}
