package fsm

import (
	"fmt"
	"slices"
)

// Server is one MySQL server of a library.
type Server struct {
	// Address is "host:port"; an IPv6 host stands in brackets.
	Address string
	// Maintenance says that an operator keeps it from becoming the active server.
	Maintenance bool
	// Fence is what the cluster has made of it since it was active last.
	Fence Fence
	// Excluded is why it must not become the active server, at most MaxReasonLen
	// bytes; "" if it may.
	Excluded string
}

// Fence says whether a server refuses writes by the cluster's doing.
type Fence uint8

const (
	// FenceNone leaves a server as its administrator has it.
	FenceNone Fence = iota
	// FenceDue is a server that was active and that nobody could reach when it was
	// retired: it is to be fenced when it can be reached.
	FenceDue
	// FenceDone is a server that the cluster has set read-only. That is taken back
	// before it becomes active.
	FenceDone
)

// fences are the words for the states.
var fences = [...]string{FenceNone: "", FenceDue: "due", FenceDone: "fenced"}

// String returns the word that status uses.
func (f Fence) String() string {
	if int(f) >= len(fences) {
		return "unknown"
	}
	return fences[f]
}

func (f Fence) check() error {
	if int(f) >= len(fences) {
		return fmt.Errorf("%w: a server is fenced, due for it, or neither", ErrBadChange)
	}
	return nil
}

// addressed finds the server of that address.
func addressed(servers []Server, address string) int {
	return slices.IndexFunc(servers, func(s Server) bool { return s.Address == address })
}

// Server returns the library's server of that address.
func (l *Library) Server(address string) (Server, bool) {
	if i := addressed(l.Servers, address); i >= 0 {
		return l.Servers[i], true
	}
	return Server{}, false
}

// changeServer changes one of the library's servers in a copy of the list, which
// published sets share.
func (l *Library) changeServer(address string, change func(*Server)) {
	l.Servers = slices.Clone(l.Servers)
	change(&l.Servers[addressed(l.Servers, address)])
}
