package stmt

// Class says how a session must treat a statement of ordinary SQL. The flag
// Multi may be set on it.
type Class uint8

const (
	// ClassOther is everything that is none of the other classes.
	ClassOther Class = iota
	// ClassHarmless reads no table, changes nothing and needs nothing of a
	// library: it works before one is selected.
	ClassHarmless
	// ClassSet changes session state in a way that the statement's text tells
	// wholly, so that running all of a session's ClassSet statements again, in
	// their order, brings another connection to the same state.
	ClassSet
	// ClassNextTransaction is SET TRANSACTION without a scope: it holds for the
	// next transaction of the same connection and is gone after it.
	ClassNextTransaction
	// ClassUse changes the default database; see Use.
	ClassUse
	// ClassBegin opens a transaction.
	ClassBegin
	// ClassEnd is COMMIT or ROLLBACK, without CHAIN, RELEASE or a savepoint.
	ClassEnd
	// ClassKill is every KILL statement; see Kill.
	ClassKill

	// Multi is a flag: the text holds several statements. The class besides it is
	// ClassHarmless when all of them are, ClassSet when all are ClassSet or
	// ClassHarmless, ClassKill when any is, else ClassOther.
	Multi Class = 1 << 7

	// Unrepeatable is a flag besides ClassOther: the text changes what the
	// session has (its variables, its role, its default database) in a way that
	// cannot be repeated on another connection, because it does more than that
	// or because a value is not told by the text. User variables do not count.
	Unrepeatable Class = 1 << 6

	// Pins is a flag besides ClassOther: the text makes something that lives in
	// the server's connection and cannot be made elsewhere: a user variable whose
	// value the text does not tell, a temporary table, a lock, a statement
	// prepared by PREPARE. What follows FROM, and what routines do, is not seen.
	Pins Class = 1 << 5
)

// Base returns the class without flags.
func (c Class) Base() Class { return c &^ (Multi | Unrepeatable | Pins) }

// IsMulti reports whether the text holds several statements.
func (c Class) IsMulti() bool { return c&Multi != 0 }

// Classify says how a session must treat ordinary SQL; extension statements are
// for Parse to find first. A text without any statement is ClassHarmless. It
// does not allocate.
func Classify(sql []byte) Class {
	s := scanner{sql: sql}
	class := ClassHarmless
	for first := true; !s.restEmpty(); first = false {
		c := s.statement()
		switch {
		case first:
			class = c
		default:
			class = class.Base().with(c) | Multi
		}
	}
	if class.Base() == ClassHarmless && s.executables > 0 {
		// What a server runs of it depends on its version.
		class = ClassOther | class&Multi
	}
	if class.Base() == ClassOther && s.changes {
		class |= Unrepeatable
	}
	if class.Base() == ClassOther && s.makes {
		class |= Pins
	}
	return class
}

// with returns the class that two statements in one text have together.
func (c Class) with(d Class) Class {
	weakest := func(c Class) bool { return c == ClassHarmless || c == ClassSet }
	switch {
	case c == ClassKill || d == ClassKill:
		return ClassKill
	case weakest(c) && weakest(d):
		return max(c, d)
	default:
		return ClassOther
	}
}

// statement classifies the statement at the position and moves to its semicolon
// or the end of the text.
func (s *scanner) statement() Class {
	class := s.classify()
	if !s.atEnd() {
		s.skipStatement()
	}
	return class
}

func (s *scanner) classify() Class {
	t := s.next()
	for t.kind == '(' {
		t = s.next()
	}
	if t.kind != tokenWord {
		s.pos = t.start // it may be a semicolon
		return ClassOther
	}
	word := s.text(t)
	switch {
	case fold(word, "select"), fold(word, "do"):
		return harmlessIf(s.expressions(anyPure))
	case fold(word, "show"):
		return harmlessIf(s.show())
	case fold(word, "set"):
		return s.set()
	case fold(word, "use"):
		if _, ok := s.use(); ok {
			s.changes = true
			return ClassUse
		}
	case fold(word, "begin"), fold(word, "start"):
		if s.begins(word) {
			return ClassBegin
		}
	case fold(word, "commit"), fold(word, "rollback"):
		if s.ends() {
			return ClassEnd
		}
	case fold(word, "kill"):
		return ClassKill
	case fold(word, "lock"), fold(word, "handler"), fold(word, "prepare"):
		s.makes = true
	case fold(word, "create"):
		s.optional("or")
		s.optional("replace")
		s.makes = s.optional("temporary") || s.makes
	case fold(word, "flush"):
		s.makes = s.optional("tables") && !s.atEnd() || s.makes
	}
	s.skipCompound(word)
	return ClassOther
}

func harmlessIf(harmless bool) Class {
	if harmless {
		return ClassHarmless
	}
	return ClassOther
}
