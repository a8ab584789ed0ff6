package admin

import (
	"errors"
	"strings"
)

// In the audit trail and in logs the cluster itself is "mysqlda", a node that got a
// signal "mysqlda at SIGNAL", and a node by its certificate "node:ID".
const (
	itself        = "mysqlda"
	itAt          = itself + " at "
	nodeNameStart = "node:"
)

// ErrReserved says that nobody may have a name, since the audit trail means something
// else by it.
var ErrReserved = errors.New("this name is reserved: mysqlda, names that begin with `mysqlda at ` and names that begin with node: stand for the cluster and its nodes in the audit trail")

// CheckReserved returns ErrReserved for a name that no operator and no administrator may
// have.
func CheckReserved(name string) error {
	if name = plain(name); name == itself || strings.HasPrefix(name, itAt) || strings.HasPrefix(name, nodeNameStart) {
		return ErrReserved
	}
	return nil
}

// mayClaim tells whether a request may say that it is somebody's by that name, without
// anything that proves it. A node that got a signal is such a somebody.
func mayClaim(name string) bool {
	name = plain(name)
	return name != "" && name != itself && !strings.HasPrefix(name, nodeNameStart)
}

// plain is what people take a name for.
func plain(name string) string { return strings.ToLower(strings.TrimSpace(name)) }
