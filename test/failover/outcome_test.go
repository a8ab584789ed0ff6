package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/go-sql-driver/mysql"
)

func TestOutcomesOfStatements(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want outcome
	}{
		{nil, acknowledged},
		{&mysql.MySQLError{Number: errUnknown}, unknown},
		{&mysql.MySQLError{Number: errIncomplete}, unknown},
		{&mysql.MySQLError{Number: errInternal}, unknown},
		{&mysql.MySQLError{Number: 9511}, refused},
		{&mysql.MySQLError{Number: 9514}, refused},
		{fmt.Errorf("insert: %w", &mysql.MySQLError{Number: errReadOnly}), refused},
		{&mysql.MySQLError{Number: 1053}, unknown}, // the server shuts down
		{&mysql.MySQLError{Number: 1927}, unknown}, // the connection was killed
		{mysql.ErrInvalidConn, unknown},
		{context.DeadlineExceeded, unknown},
	} {
		if got := outcomeOf(c.err); got != c.want {
			t.Errorf("after %v a write is %v, want %v", c.err, got, c.want)
		}
	}
}
