package topology

import (
	"errors"
	"fmt"
)

// Errors of the comparisons; test with errors.Is.
var (
	// ErrBadPosition says that a text is no position of the family's servers.
	ErrBadPosition = errors.New("not a replication position")
	// ErrDiverged says that two positions exclude each other: servers have given the
	// same number to different transactions.
	ErrDiverged = errors.New("the positions have diverged")
)

// Covers tells whether a server at a position has everything that one at other
// has. A position is Facts.Executed or Source.Received of servers of the family.
// Where MariaDB's servers have given the same sequence number of a domain to
// different transactions, neither position covers the other.
//
// Errors: ErrBadPosition.
func Covers(f Flavour, position, other string) (bool, error) {
	switch f {
	case MariaDB:
		a, b, err := parsed(parseDomains, position, other)
		if err != nil {
			return false, err
		}
		return a.covers(b), nil
	case MySQL:
		a, b, err := parsed(parseSet, position, other)
		if err != nil {
			return false, err
		}
		return len(b.without(a)) == 0, nil
	default:
		return false, unknownFlavour()
	}
}

// Merge returns the position that covers a and b and no more.
//
// Errors: ErrBadPosition; ErrDiverged when there is none.
func Merge(f Flavour, a, b string) (string, error) {
	switch f {
	case MariaDB:
		x, y, err := parsed(parseDomains, a, b)
		if err != nil {
			return "", err
		}
		return x.merge(y)
	case MySQL:
		x, y, err := parsed(parseSet, a, b)
		if err != nil {
			return "", err
		}
		return x.merge(y).String(), nil
	default:
		return "", unknownFlavour()
	}
}

// Errant returns what a server has done, of which another one knows nothing: what
// the history of has and in lacks; "" for nothing. A history is Facts.History.
//
// MariaDB's histories say how far each server's own writes are, so for MariaDB the
// answer is the last of those of each server that in does not have to the end. A
// history begins where the binary log was begun or reset: of what came before that,
// in seems to lack what other servers have written.
//
// Errors: ErrBadPosition.
func Errant(f Flavour, of, in string) (missing string, err error) {
	switch f {
	case MariaDB:
		a, b, err := parsed(parseDomains, of, in)
		if err != nil {
			return "", err
		}
		return a.without(b).String(), nil
	case MySQL:
		a, b, err := parsed(parseSet, of, in)
		if err != nil {
			return "", err
		}
		return a.without(b).String(), nil
	default:
		return "", unknownFlavour()
	}
}

func parsed[T any](parse func(string) (T, error), first, second string) (a, b T, err error) {
	if a, err = parse(first); err == nil {
		b, err = parse(second)
	}
	return a, b, err
}

func unknownFlavour() error {
	return fmt.Errorf("%w: the server's family is not known", ErrBadPosition)
}

// maxQuoted bounds how much of a bad position an error shows, in bytes.
const maxQuoted = 64

func badPosition(part string) error {
	if len(part) > maxQuoted {
		part = part[:maxQuoted]
	}
	return fmt.Errorf("%w: %q", ErrBadPosition, part)
}
