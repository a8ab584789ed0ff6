package proxy

import (
	"bytes"
	"slices"
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
	// overflow says that SET statements were left out because they are too many
	// or too large: the session cannot move to another backend connection.
	overflow bool
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
		s.overflow = true
		return
	}
	s.sets = append(s.sets, bytes.Clone(sql))
	s.setBytes += len(sql)
}

// reset forgets everything but the default database, as COM_RESET_CONNECTION does.
func (s *sessionState) reset() {
	*s = sessionState{database: s.database}
}
