package stmt

// Class says how a session must treat a text. Flags may be set on it.
type Class uint16

const (
	// ClassOther is everything that is none of the other classes.
	ClassOther Class = iota
	// ClassHarmless reads no table, changes nothing and needs nothing of a
	// library: it works before one is selected.
	ClassHarmless
	// ClassSet changes session state in a way that the text tells wholly, so that
	// it can be brought about on another connection; see Settings.
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
	// ClassKill is every KILL statement; see Kill. Also where it is hidden: in a
	// block, behind SET STATEMENT, in the text of PREPARE and EXECUTE IMMEDIATE.
	ClassKill
	// ClassExtension is an extension statement, with the flag Multi one among
	// others: exactly what Parse does not call NotOurs.
	ClassExtension

	baseMask Class = 1<<8 - 1
)

const (
	// Multi says that the text holds several statements. The class besides it is
	// ClassHarmless when all of them are, ClassSet when all are ClassSet or
	// ClassHarmless, ClassExtension when any is, else ClassKill when any is, else
	// ClassOther.
	Multi Class = 1 << (8 + iota)

	// Unrepeatable says that the text changes what the session has (its
	// variables, its role, its default database) in a way that cannot be repeated
	// on another connection, because it does more than that or because a value is
	// not told by the text. User variables do not count.
	Unrepeatable

	// Pins says that the text makes something that lives in the server's
	// connection and cannot be made elsewhere: a user variable whose value the
	// text does not tell, a temporary table, a lock, an open HANDLER, a statement
	// prepared by PREPARE; or that it runs what is not seen and may have made such
	// a thing: CALL, EXECUTE, a block. What stored functions do is not seen, and
	// does not count.
	Pins

	// LooksBack says that the result depends on what the same connection has
	// executed before: FOUND_ROWS(), ROW_COUNT(), LAST_INSERT_ID(), LASTVAL(), SHOW
	// WARNINGS, GET DIAGNOSTICS, @@warning_count and the like.
	LooksBack

	// LooksAhead says that the text leaves something in the connection that a
	// statement soon after it is meant to find: SQL_CALC_FOUND_ROWS,
	// LAST_INSERT_ID(expression), NEXTVAL(), SET insert_id. What every INSERT leaves
	// (its LAST_INSERT_ID(), warnings) does not count.
	LooksAhead
)

// Base returns the class without flags.
func (c Class) Base() Class { return c & baseMask }

// IsMulti reports whether the text holds several statements.
func (c Class) IsMulti() bool { return c&Multi != 0 }

// Classify says how a session must treat a text. A text without any statement is
// ClassHarmless. It does not allocate.
func (x Syntax) Classify(sql []byte) Class {
	class, _ := x.Recognise(sql)
	return class
}

// Recognise is Classify that also says what the text does. It does not allocate.
func (x Syntax) Recognise(sql []byte) (Class, Effect) {
	s := scanner{sql: sql, syntax: x}
	class, effect := ClassHarmless, EffectOther
	for ; !s.restEmpty(); s.several = true {
		c := s.statement()
		if !s.several {
			class, effect = c, s.effect
			continue
		}
		class = class.Base().with(c) | Multi
		if s.effect != effect {
			effect = EffectOther
		}
	}
	if s.executables > 0 && class.Base() == ClassHarmless {
		// What a server runs of it depends on its version.
		class = ClassOther | class&Multi
	}
	flags := s.found
	switch class.Base() {
	case ClassOther:
		if flags&sets != 0 {
			flags |= Unrepeatable
		}
		if flags&assigns != 0 { // the settings of such a text are not to be had
			flags |= Pins
		}
	case ClassHarmless, ClassSet:
		flags &^= Unrepeatable | Pins
	default:
		flags = 0
	}
	return class | flags&^(sets|assigns), effect
}

// Flags of scanner.found only.
const (
	// sets says that a statement changes what the session has.
	sets Class = 1 << 14
	// assigns says that a SET assigns a user variable.
	assigns Class = 1 << 15
)

// with returns the class that two statements in one text have together.
func (c Class) with(d Class) Class {
	weakest := func(c Class) bool { return c == ClassHarmless || c == ClassSet }
	switch {
	case c == ClassExtension || d == ClassExtension:
		return ClassExtension
	case c == ClassKill || d == ClassKill:
		return ClassKill
	case weakest(c) && weakest(d):
		return max(c, d)
	default:
		return ClassOther
	}
}
