package proxy

import (
	"bytes"
	"slices"

	"github.com/mysqlda/mysqlda/proxy/stmt"
)

// Bounds of the SET statements that a session remembers.
const (
	maxSets     = 64
	maxSetBytes = 16 << 10
)

// sessionState is what follows a session to another backend connection besides
// its prepared statements: the default database and its SET statements.
//
// User variables, temporary tables and locks live in the library where they
// were made, and end when the session leaves it.
type sessionState struct {
	database string
	sets     [][]byte // in the order in which they have to be repeated
	setBytes int
	// nextTransaction is a SET TRANSACTION that the next statement uses up.
	nextTransaction []byte
	// unrepeatable says that something was changed that could not be repeated, or
	// is too much to be remembered: the session cannot move to another backend
	// connection.
	unrepeatable bool
}

// change is what a statement does to a session's state when it is executed.
type change struct {
	sql  []byte // to be repeated elsewhere, nil when it cannot be
	next bool   // sql holds for the next transaction only
	// harm says in which case something was changed that cannot be repeated.
	harm harm
}

type harm uint8

const (
	harmless   harm = iota
	whenDone        // when it was executed
	whenFailed      // also when it failed: of several statements some may have been executed
)

// changeOf says what a statement does to the session's state. Of one that is not
// at hand as a whole the text is not remembered.
func changeOf(class stmt.Class, sql []byte, whole bool) change {
	var c change
	switch base := class.Base(); {
	case base == stmt.ClassSet && whole && len(sql) < maxSetBytes:
		c.sql = bytes.Clone(sql)
	case base == stmt.ClassNextTransaction && whole:
		c.sql, c.next = bytes.Clone(sql), true
	case base == stmt.ClassSet, base == stmt.ClassUse, class&stmt.Unrepeatable != 0:
		c.harm = whenDone
	default:
		return c
	}
	if class.IsMulti() {
		c.harm = whenFailed
	}
	return c
}

// note notes what a statement has changed, by what became of it.
func (s *sessionState) note(c change, out outcome) {
	switch {
	case out == done && c.sql != nil && c.next:
		s.nextTransaction = c.sql
	case out == done && c.sql != nil:
		s.addSet(c.sql)
	case out == done && c.harm != harmless, out == failed && c.harm == whenFailed:
		s.unrepeatable = true
	}
}

// addSet remembers a SET statement that a server has accepted. The same text
// again moves to the end, so that a pool that repeats its SETs before every
// transaction does not make the list grow.
func (s *sessionState) addSet(sql []byte) {
	if i := slices.IndexFunc(s.sets, func(old []byte) bool { return bytes.Equal(old, sql) }); i >= 0 {
		same := s.sets[i]
		s.sets = append(slices.Delete(s.sets, i, i+1), same)
		return
	}
	if len(s.sets) == maxSets || s.setBytes+len(sql) > maxSetBytes {
		s.unrepeatable = true
		return
	}
	s.sets = append(s.sets, sql)
	s.setBytes += len(sql)
}

// reset forgets everything but the default database, as COM_RESET_CONNECTION does.
func (s *sessionState) reset() {
	*s = sessionState{database: s.database}
}
