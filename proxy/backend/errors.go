package backend

import (
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// Errors that callers decide on; test with errors.Is.
var (
	// ErrPoolFull says that every connection that may be opened to a server was
	// in use for as long as the caller would wait, or that too many wait already.
	ErrPoolFull = errors.New("all connections to the server are in use")
	// ErrUnknownLibrary says that the manager was told of no such library.
	ErrUnknownLibrary = errors.New("unknown library")
	// ErrClosed says that the Manager is closed.
	ErrClosed = errors.New("the backend manager is closed")
	// ErrNoActiveServer says that the library's active server is being changed
	// and that the new one was not known in time.
	ErrNoActiveServer = errors.New("the active server is being changed")
	// ErrNoLease says that this node may not use the library now, because it may have
	// another active server by now.
	ErrNoLease = errors.New("this node has lost contact with the majority of the cluster")
)

// UnavailableError says that a library's active server could not be used.
type UnavailableError struct {
	Library string // the library's name
	Server  string
	Err     error // why; it names the server
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("library %s is unavailable: %v", e.Library, e.Err)
}

// Unwrap returns the reason.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Error numbers of MySQL and MariaDB servers that decide what happens next.
const (
	codeTooManyConnections     = 1040
	codeDatabaseAccessDenied   = 1044
	codeAccessDenied           = 1045
	codeUnknownDatabase        = 1049
	codeTooManyUserConnections = 1203
	codeUserLimitReached       = 1226
	codeAccessDeniedNoPassword = 1698
)

// RefusedError is a server's own error packet: the answer to a login or to a
// command that cleans a connection.
type RefusedError struct {
	Server  string // its address
	Code    uint16
	State   string // SQLSTATE; "" when the server gave none
	Message string
}

func (e *RefusedError) Error() string {
	if e.State == "" {
		return fmt.Sprintf("server %s refused with error %d: %s", e.Server, e.Code, e.Message)
	}
	return fmt.Sprintf("server %s refused with error %d (%s): %s", e.Server, e.Code, e.State, e.Message)
}

// AboutDatabase tells whether the server refused the default database that the
// profile names: the client's own doing, and for the client to mend.
func (e *RefusedError) AboutDatabase() bool {
	return e.Code == codeUnknownDatabase || e.Code == codeDatabaseAccessDenied
}

// Authentication tells whether the server refused the account: a wrong user or
// password in the cluster's settings, or an account that the server lacks.
func (e *RefusedError) Authentication() bool {
	return e.Code == codeAccessDenied || e.Code == codeAccessDeniedNoPassword
}

// CapabilityError says that a server does not offer what a profile needs, so
// that its packets would not have the shape that the client was promised.
type CapabilityError struct {
	Server  string // its address
	Version string // the server's version, as it greets
	Missing wire.Capability
}

func (e *CapabilityError) Error() string {
	return fmt.Sprintf("server %s of version %q does not offer %s", e.Server, e.Version, e.Missing)
}

// serverIsWell tells whether an error is the answer of a server that is well,
// and only this request was too much or asked for what the server does not have.
// Then another server of the library is no remedy: it would split the library's
// writes over two servers.
func serverIsWell(err error) bool {
	var lacks *CapabilityError
	if locked := (*LockedError)(nil); errors.As(err, &locked) {
		return true // it has greeted; what is missing is this node's
	}
	var refused *RefusedError
	if !errors.As(err, &refused) {
		return errors.As(err, &lacks)
	}
	return takesNoMore(err) || refused.AboutDatabase()
}

// LockedError says that a server was not logged in to, because the password of the
// account is sealed and this node cannot open it.
type LockedError struct {
	Server, User string
	Reason       string
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("server %s: the password of account %s is not known to this node: %s", e.Server, e.User, e.Reason)
}

// takesNoMore tells whether a server refused a connection because it has too
// many, of everybody or of the account.
func takesNoMore(err error) bool {
	var refused *RefusedError
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code {
	case codeTooManyConnections, codeTooManyUserConnections, codeUserLimitReached:
		return true
	default:
		return false
	}
}
