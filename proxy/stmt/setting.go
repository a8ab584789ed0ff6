package stmt

import "bytes"

// Scope is whose a setting is.
type Scope uint8

const (
	// ScopeSession is a variable of the session.
	ScopeSession Scope = iota
	// ScopeUser is a user variable.
	ScopeUser
	// ScopeNames is SET NAMES: character_set_client, character_set_results,
	// character_set_connection, collation_connection together.
	ScopeNames
	// ScopeCharacterSet is SET CHARACTER SET: the same variables, the last two by
	// the default database.
	ScopeCharacterSet
	// ScopeRole is SET ROLE.
	ScopeRole
	// ScopeIsolation and ScopeAccess are the characteristics of SET SESSION
	// TRANSACTION: ISOLATION LEVEL, and READ ONLY or READ WRITE.
	ScopeIsolation
	ScopeAccess
	// ScopeNextTransaction is for the next transaction only.
	ScopeNextTransaction
	// ScopeNextStatement is a variable that a statement after it uses up or
	// overwrites, such as insert_id. It is not to be repeated.
	ScopeNextStatement
	// ScopeElsewhere is no session's: a global variable, a password, a default role.
	ScopeElsewhere
	// ScopeWhole is a text that must be repeated as it is.
	ScopeWhole
)

// Told is how far a text tells the value of a setting.
type Told uint8

const (
	// Constant is a value that comes out the same whenever and wherever it is set.
	Constant Told = iota
	// FromItself is made of the variable's own value before, and constants.
	FromItself
	// FromOthers is made of other variables of the session.
	FromOthers
	// Untold depends on data, the clock or a parameter.
	Untold
)

// Setting is one assignment of a SET statement. Its bytes are parts of the text.
type Setting struct {
	Scope Scope
	// Name is the variable's name as it is written, in quotes if it is, without
	// "@" and scope. Empty unless the scope is a variable's.
	Name []byte
	// Value is what stands behind "=", or behind NAMES, ROLE and the like.
	Value []byte
	// Text is the whole assignment.
	Text []byte
	Told Told
	// Again says that setting it twice is the same as setting it once. It is true
	// of constants, and of FromItself for a sql_mode to which a mode is added, or
	// from which one is taken.
	Again bool
}

// AppendKey appends what says which setting it is. Settings of the same key set the
// same; one of another key may do so under another name. It appends nothing for
// ScopeWhole.
func (x Setting) AppendKey(dst []byte) []byte {
	switch x.Scope {
	case ScopeWhole:
		return dst
	case ScopeNames:
		return append(dst, "names "...)
	case ScopeCharacterSet:
		return append(dst, "character set "...)
	case ScopeRole:
		return append(dst, "role "...)
	case ScopeIsolation:
		return append(dst, "isolation "...)
	case ScopeAccess:
		return append(dst, "access "...)
	case ScopeUser:
		dst = append(dst, '@')
	}
	name := plainName(x.Name)
	if !isASCII(name) { // perhaps letters are second bytes
		return append(dst, name...)
	}
	for _, c := range name {
		dst = append(dst, toLower(c))
	}
	return dst
}

// AppendStatement appends a statement that sets it.
func (x Setting) AppendStatement(dst []byte) []byte {
	switch x.Scope {
	case ScopeWhole:
	case ScopeIsolation, ScopeAccess:
		dst = append(dst, "SET SESSION TRANSACTION "...)
	default:
		dst = append(dst, "SET "...)
	}
	return append(dst, x.Text...)
}

// plainName takes the quotes off a name when that leaves no doubt about it.
func plainName(name []byte) []byte {
	n := len(name)
	if n <= 2 || name[0] != name[n-1] || isWordByte(name[0]) || bytes.ContainsAny(name[1:n-1], "'\"`\\") {
		return name
	}
	return name[1 : n-1]
}

// sameName reports whether two names have the same key.
func sameName(a, b []byte) bool {
	a, b = plainName(a), plainName(b)
	return bytes.Equal(a, b) || isASCII(a) && bytes.EqualFold(a, b)
}

func isASCII(text []byte) bool {
	for _, c := range text {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// Settings walks over what a text of ClassSet sets, in order.
type Settings struct {
	s     scanner
	in    bool // within a SET statement
	list  assignments
	whole bool
	done  bool
}

// Settings returns what a text of ClassSet, or of ClassSet with Multi, sets. It
// does not allocate. If the text cannot be taken apart, because a value is made of
// other variables or because a server decides by its version what it runs, it is
// one setting of ScopeWhole.
func (x Syntax) Settings(sql []byte) Settings {
	all := Settings{s: scanner{sql: sql, syntax: x}}
	look := all
	for {
		set, ok := look.step()
		if !ok {
			break
		}
		all.whole = all.whole || set.Told == FromOthers
	}
	all.whole = all.whole || look.s.executables > 0
	return all
}

// Next returns the next setting. ok is false when there is none.
func (i *Settings) Next() (set Setting, ok bool) {
	if !i.whole {
		return i.step()
	}
	if i.done {
		return Setting{}, false
	}
	i.done = true
	return Setting{Scope: ScopeWhole, Text: i.s.sql, Told: FromOthers}, true
}

// step returns the next setting, whatever there is about the others.
func (i *Settings) step() (set Setting, ok bool) {
	for {
		if i.in {
			if set, ok = i.list.next(&i.s); ok {
				return set, true
			}
			i.in = false
			i.s.rest()
		}
		if i.s.restEmpty() {
			return Setting{}, false
		}
		if i.s.optional("set") {
			i.in, i.list = true, assignments{first: true}
		} else {
			i.s.rest()
		}
	}
}
