package admin

import (
	"errors"
	"fmt"
)

// UnreachableError says that nothing listens at a node's HTTP address, or that there is
// no way to it.
type UnreachableError struct {
	Address string
	Err     error // of connecting
}

// Error implements error, for who has named the address.
func (e *UnreachableError) Error() string {
	return e.text() + ": is it started? name another with --http or -f"
}

func (e *UnreachableError) text() string {
	return fmt.Sprintf("no node answers at http address %s (%v)", e.Address, e.Err)
}

// Unwrap returns the error of connecting.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Reason is the text of a Client's error, for a node of many of which nobody has named
// the address.
func Reason(err error) string {
	if unreachable := new(UnreachableError); errors.As(err, &unreachable) {
		return unreachable.text()
	}
	return err.Error()
}
