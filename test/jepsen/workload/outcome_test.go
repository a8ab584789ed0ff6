package workload

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// documented finds the numbers of docs/errors.md: those of the table and those of the
// list behind it.
var documented = regexp.MustCompile(`(?m)^(?:\| |- )(\d{4}) `)

func TestEveryDocumentedNumberHasAMeaning(t *testing.T) {
	text, err := os.ReadFile("../../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[uint16]bool{}
	for _, match := range documented.FindAllSubmatch(text, -1) {
		number, err := strconv.ParseUint(string(match[1]), 10, 16)
		if err != nil {
			t.Fatal(err)
		}
		found[uint16(number)] = true
		if _, ok := meanings[uint16(number)]; !ok {
			t.Errorf("error %d has no meaning here", number)
		}
	}
	for number := range meanings {
		if !found[number] {
			t.Errorf("error %d is not in docs/errors.md", number)
		}
	}
	if len(found) < 40 {
		t.Errorf("only %d numbers were found", len(found))
	}
}

func TestOutcomesOfStatements(t *testing.T) {
	answer := func(number uint16, text string) error { return &mysql.MySQLError{Number: number, Message: text} }
	for _, c := range []struct {
		err             error
		directory, data history.Outcome
	}{
		{nil, history.Done, history.Done},
		{answer(9505, "The cluster could not decide"), unknown, unknown},
		{answer(9506, "Too many requests"), refused, refused},
		{answer(9509, "Core object"), refused, refused},
		{answer(9513, "The connection"), unknown, unknown},
		{answer(9514, "The connection"), refused, refused},
		{answer(9526, "Library"), unknown, refused},
		{answer(9599, "Internal error"), unknown, unknown},
		{answer(9600, "of the future"), unknown, unknown},
		{answer(1053, "This node is stopping; connect to another node"), refused, refused},
		{answer(1053, "Server shutdown in progress"), unknown, unknown},
		{answer(1317, "Query execution was interrupted; nothing was executed"), unknown, refused},
		{answer(1317, "Query execution was interrupted"), unknown, unknown},
		{answer(1213, "Deadlock found"), unknown, refused},
		{fmt.Errorf("insert: %w", answer(1290, "read-only")), unknown, refused},
		{answer(1927, "Connection was killed"), unknown, unknown},
		{mysql.ErrInvalidConn, unknown, unknown},
		{driver.ErrBadConn, refused, refused},
		{mysql.ErrBusyBuffer, refused, refused},
		{context.DeadlineExceeded, unknown, unknown},
	} {
		if got := outcomeOf(directory, c.err); got != c.directory {
			t.Errorf("after %v a statement of the directory is %s, want %s", c.err, got, c.directory)
		}
		if got := outcomeOf(data, c.err); got != c.data {
			t.Errorf("after %v a statement for a server is %s, want %s", c.err, got, c.data)
		}
	}
}

func TestSessionsEndWithAFarewell(t *testing.T) {
	for err, want := range map[error]bool{
		nil:                             false,
		mysql.ErrInvalidConn:            true,
		&mysql.MySQLError{Number: 1053}: true,
		&mysql.MySQLError{Number: 9505}: false,
		&mysql.MySQLError{Number: 9514}: false,
	} {
		if got := endsSession(err); got != want {
			t.Errorf("%v ends the session: %t", err, got)
		}
	}
}
