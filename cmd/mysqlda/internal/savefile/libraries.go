package savefile

import (
	"strings"

	"github.com/mysqlda/mysqlda/fsm"
)

// Libraries are a cluster's libraries under the names that save files have for
// them.
type Libraries struct {
	byName map[string]library
}

type library struct {
	id fsm.LibraryID
	// prefix says that another library's name begins with this one's, so that
	// this one may be what a cut has left of it.
	prefix bool
}

// NewLibraries takes the ids by the names that stand in the files.
func NewLibraries(ids map[string]fsm.LibraryID) Libraries {
	l := Libraries{byName: make(map[string]library, len(ids))}
	for name, id := range ids {
		l.byName[name] = library{id: id, prefix: beginsAnother(ids, name)}
	}
	return l
}

func beginsAnother(ids map[string]fsm.LibraryID, name string) bool {
	for other := range ids {
		if len(other) > len(name) && strings.HasPrefix(other, name) {
			return true
		}
	}
	return false
}

// cut reports whether name is what a cut may have left of a library's.
func (l Libraries) cut(name []byte) bool {
	for other := range l.byName {
		if len(other) > len(name) && strings.HasPrefix(other, string(name)) {
			return true
		}
	}
	return false
}
