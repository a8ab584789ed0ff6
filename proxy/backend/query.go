package backend

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// tableBuffer is what is read at once of an answer of rows, in bytes.
const tableBuffer = 4 << 10

// table is an answer whose columns are found by name.
type table struct{ *wire.Table }

// query sends a statement of our own and reads its answer. ctx bounds it; a
// connection on which it ends too early must not be used any more. Errors name the
// server and never hold the statement.
func (l *link) query(ctx context.Context, statement string) (table, error) {
	answers, err := l.queries(ctx, []string{statement})
	if err != nil {
		return table{}, err
	}
	return answers[0].table, answers[0].err
}

// answer is what one of several statements gave.
type answer struct {
	table table
	err   error // *RefusedError
}

// queries sends statements in one write and reads their answers. An error of its
// own means that not all of them are known.
func (l *link) queries(ctx context.Context, statements []string) ([]answer, error) {
	// The end of ctx is the only deadline, so that it says whether time is up.
	if err := l.raw.SetDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("server %s: %w", l.server, err)
	}
	stop := context.AfterFunc(ctx, func() { interrupt(l.raw) })
	answers, err := l.exchangeTables(statements)
	if !stop() || err != nil && ctx.Err() != nil {
		err = fmt.Errorf("no answer: %w", ctx.Err()) // its deadlines are not ours any more
	}
	if err != nil {
		return nil, fmt.Errorf("server %s: %w", l.server, err)
	}
	return answers, nil
}

func (l *link) exchangeTables(statements []string) ([]answer, error) {
	var packets []byte
	for _, s := range statements {
		packets = append(packets, wire.AppendCommand(nil, l.agreed, wire.ComQuery, s)...)
	}
	if _, err := l.conn.Write(packets); err != nil {
		return nil, err
	}
	from := bufio.NewReaderSize(l.conn, tableBuffer)
	answers := make([]answer, len(statements))
	for i := range answers {
		t, err := wire.ReadTable(from, l.agreed)
		var refused *wire.ServerError
		switch {
		case errors.As(err, &refused):
			answers[i].err = refusal(l.server, refused)
		case err != nil:
			return nil, err
		default:
			answers[i].table = table{t}
		}
	}
	if n := from.Buffered(); n > 0 {
		return nil, fmt.Errorf("%w: %d bytes behind the last one", errUnexpectedAnswer, n)
	}
	return answers, nil
}

// value is that of a row in the column with one of the names, upper or lower case;
// "" if there is no such column, or it is NULL.
func (t table) value(row int, names ...string) string {
	v, _ := t.known(row, names...)
	return v
}

// known is value, and tells whether there is one.
func (t table) known(row int, names ...string) (value string, ok bool) {
	for _, name := range names {
		i := slices.IndexFunc(t.Columns, func(c string) bool { return strings.EqualFold(c, name) })
		if i >= 0 {
			v := t.Rows[row][i]
			return string(v), v != nil
		}
	}
	return "", false
}

// pairs are rows of names and values, as SHOW VARIABLES gives them, by names in
// lower case.
func (t table) pairs() map[string]string {
	const columns = 2
	values := make(map[string]string, len(t.Rows))
	for _, row := range t.Rows {
		if len(row) == columns {
			values[strings.ToLower(string(row[0]))] = string(row[1])
		}
	}
	return values
}
