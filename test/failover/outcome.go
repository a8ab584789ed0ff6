package main

import (
	"errors"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// outcome is what a client knows of a write afterwards.
type outcome uint8

const (
	acknowledged outcome = iota + 1
	refused              // nothing of it was done
	unknown              // it may have been done
)

// String returns the outcome's word.
func (o outcome) String() string {
	return [...]string{"?", "acknowledged", "refused", "of unknown outcome"}[o]
}

// Numbers of errors.
const (
	firstOwnError  = 9500
	errNoLibrary   = 9501
	errUnknown     = 9513
	errIncomplete  = 9515
	errInternal    = 9599
	errLockTimeout = 1205
	errDeadlock    = 1213
	errReadOnly    = 1290
)

// outcomeOf says what a careful client knows after a statement that got that answer.
// Of errors of the servers it trusts those that are told before anything is done.
func outcomeOf(err error) outcome {
	number := numberOf(err)
	switch {
	case err == nil:
		return acknowledged
	case slices.Contains([]uint16{errUnknown, errIncomplete, errInternal}, number):
		return unknown
	case number >= firstOwnError, slices.Contains([]uint16{errLockTimeout, errDeadlock, errReadOnly}, number):
		return refused
	default:
		return unknown
	}
}

// numberOf is the number of an error that was an answer; 0 if there was no answer, and
// the session is over.
func numberOf(err error) uint16 {
	if answer, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return answer.Number
	}
	return 0
}
