package proxy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/proxy/stmt"
)

// Bounds of the settings that a session remembers.
const (
	maxSettings     = 128
	maxSettingBytes = 32 << 10
)

// sessionState is what follows a session to another backend connection besides
// its prepared statements: the default database and what it has SET.
//
// Temporary tables, locks, and user variables whose value no text tells live in
// the library where they were made, and end when the session leaves it.
type sessionState struct {
	database string
	settings []setting // in the order in which they have to be repeated
	size     int       // bytes of all settings
	// nextTransaction is a SET TRANSACTION that the next statement uses up.
	nextTransaction []byte
	// unrepeatable says that something was changed that could not be repeated, or
	// is too much to be remembered: the session cannot move to another backend
	// connection.
	unrepeatable bool
	// syntax is how statements are to be read, as far as settings tell.
	syntax stmt.Syntax
}

// setting is something that the session has SET.
type setting struct {
	key string // says what is set; "" where the text is not taken apart
	sql []byte // sets it again
	// constant says that its value does not depend on anything that was set before.
	constant bool
	// again says that setting it twice in a row is the same as setting it once.
	again bool
}

// charsetKeys are what SET NAMES and SET CHARACTER SET set together.
var charsetKeys = []string{
	"names ", "character set ",
	"character_set_client", "character_set_results", "character_set_connection", "collation_connection",
}

// replaces says that an older setting need not be repeated before this one.
func (x setting) replaces(old setting) bool {
	switch {
	case x.constant && (x.key == "names " || x.key == "character set "):
		return slices.Contains(charsetKeys, old.key)
	case x.constant && x.key != "":
		return x.key == old.key
	default:
		return (x.again || x.key == "") && x.key == old.key && bytes.Equal(x.sql, old.sql)
	}
}

// change is what a statement does to a session's state when it is executed.
type change struct {
	settings []setting
	syntax   stmt.Syntax // after it
	next     []byte      // holds for the next transaction only
	forNext  bool        // something of it is for the next statement only
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
// at hand as a whole nothing is remembered.
func (s *sessionState) changeOf(class stmt.Class, sql []byte, syntax stmt.Syntax, whole bool) change {
	c := change{syntax: s.syntax}
	switch base := class.Base(); {
	case base == stmt.ClassSet && whole && len(sql) < maxSettingBytes:
		c.add(syntax, sql)
		c.forNext = c.forNext && !class.IsMulti() // else the next one was part of it
	case base == stmt.ClassNextTransaction && whole:
		c.next = bytes.Clone(sql)
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

// insertIDs are the variables that set what LAST_INSERT_ID() returns, which the session
// keeps.
var insertIDs = []string{"last_insert_id", "identity"}

// add takes a SET statement apart.
func (c *change) add(syntax stmt.Syntax, sql []byte) {
	all := syntax.Settings(sql)
	for set, ok := all.Next(); ok; set, ok = all.Next() {
		if set.Scope == stmt.ScopeNextStatement && !slices.Contains(insertIDs, string(set.AppendKey(nil))) {
			c.forNext = true
		}
		if set.Scope == stmt.ScopeElsewhere || set.Scope == stmt.ScopeNextStatement {
			continue
		}
		c.settings = append(c.settings, setting{
			key: string(set.AppendKey(nil)), sql: set.AppendStatement(nil),
			constant: set.Told == stmt.Constant, again: set.Again,
		})
		c.syntax = set.Syntax(c.syntax)
	}
}

// note notes what a statement has changed, by what became of it.
func (s *sessionState) note(c change, out outcome) {
	if out == done {
		for _, set := range c.settings {
			s.remember(set)
		}
		s.syntax = c.syntax
		if c.next != nil {
			s.nextTransaction = c.next
		}
	}
	// What is told wholly is repeated when all of it was executed.
	told := len(c.settings) > 0 || c.next != nil
	if out == done && c.harm != harmless && !told || out == failed && c.harm == whenFailed {
		s.unrepeatable = true
	}
}

// tracked are the variables that are set as a server reports them: their values
// are texts.
var tracked = []string{
	"autocommit", "time_zone", "sql_mode", "tx_isolation", "transaction_isolation",
	"character_set_client", "character_set_results", "character_set_connection", "collation_connection",
}

// noteVariable notes a variable of which a server says that it was set by a
// statement whose text does not tell it, such as a CALL.
func (s *sessionState) noteVariable(name, value string) {
	if !slices.Contains(tracked, name) {
		s.unrepeatable = true
		return
	}
	s.remember(setting{
		key: name, constant: true,
		sql: fmt.Appendf(nil, "SET %s='%s'", name, strings.ReplaceAll(value, "'", "''")),
	})
	if name == "character_set_client" {
		s.syntax = s.syntax.With(stmt.CharsetOfName([]byte(value)))
	}
}

// remember keeps a setting that a server has accepted, as the last to be
// repeated, so that what it depends on comes before it.
func (s *sessionState) remember(set setting) {
	s.settings = slices.DeleteFunc(s.settings, func(old setting) bool {
		if !set.replaces(old) {
			return false
		}
		s.size -= len(old.sql)
		return true
	})
	if len(s.settings) == maxSettings || s.size+len(set.sql) > maxSettingBytes {
		s.unrepeatable = true
		return
	}
	s.settings = append(s.settings, set)
	s.size += len(set.sql)
}

// reset forgets everything but the default database, as COM_RESET_CONNECTION does.
// Collation is that of the login.
func (s *sessionState) reset(collation uint8) {
	*s = sessionState{
		database: s.database,
		syntax:   stmt.Syntax(0).With(stmt.CharsetOfCollation(uint16(collation))),
	}
}
