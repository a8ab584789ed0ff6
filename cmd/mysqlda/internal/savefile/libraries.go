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
	// sure says that a name without a line end behind it is complete all the same.
	sure bool
}

// NewLibraries takes the ids by the names that stand in the files.
func NewLibraries(ids map[string]fsm.LibraryID) Libraries {
	l := Libraries{byName: make(map[string]library, len(ids))}
	for name, id := range ids {
		l.byName[name] = library{id: id}
	}
	for name, known := range l.byName {
		known.sure = l.sure(name)
		l.byName[name] = known
	}
	return l
}

// sure reports whether nothing else can look like name when a cut follows it:
// neither a longer name that is cut, nor a cut name with the cut time stamp of
// the next record behind it, as mysql_data_2 may be mysql_data_ and the 2 of 2017.
func (l Libraries) sure(name string) bool {
	if l.cut(name) {
		return false
	}
	for at := range len(name) {
		if beginsStamp(name[at:]) && l.cut(name[:at]) {
			return false
		}
	}
	return true
}

// cut reports whether a cut may have left this of a library's name.
func (l Libraries) cut(name string) bool {
	for other := range l.byName {
		if len(other) > len(name) && strings.HasPrefix(other, name) {
			return true
		}
	}
	return false
}
