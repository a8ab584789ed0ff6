package workload

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

const (
	writers, writePeriod = 6, 200 * time.Millisecond
	// rowsEach is after how many rows a client goes on with another core object.
	rowsEach = 60
	// One of so many inserts is answered that many seconds after it was committed, so
	// that its answer may well be lost.
	lingerOneIn = 4
	linger      = "0.3"
)

func writeData(ctx context.Context, s *stage) error { return s.writers(ctx, "data", "") }

func writeMoving(ctx context.Context, s *stage) error {
	return s.writers(ctx, "moving", cluster.Moving)
}

// writers runs clients that write to core objects of their own. wanted, unless "", is
// the library that they take core objects of.
func (s *stage) writers(ctx context.Context, prefix, wanted string) error {
	written := make([]atomic.Pointer[string], writers)
	return s.clients(ctx, writers, func(ctx context.Context, c *client) error {
		w := &writer{client: c, reader: c.another(), prefix: prefix, wanted: wanted, written: written}
		w.take()
		return w.rounds(ctx, writePeriod, w.round)
	})
}

// writer is a client that owns core objects, one after the other, and writes rows
// that it numbers.
type writer struct {
	*client
	reader         *client // its second connection
	prefix, wanted string
	// written are the core objects that this one and the others write to now.
	written []atomic.Pointer[string]

	cores int    // so far
	core  string // now
	row   int64  // the last number given to a row of it
	group int64  // the last number given to a transaction
}

// take goes on with another core object.
func (w *writer) take() {
	core := fmt.Sprintf("%s-%d-%d", w.prefix, w.number, w.cores)
	w.core, w.row = core, 0
	w.cores++
	w.written[w.number-w.first].Store(&core)
}

// round does one thing.
func (w *writer) round(ctx context.Context) {
	if w.at != w.core {
		o := w.assign(ctx, w.core)
		if w.at == w.core && w.wanted != "" && o.Library != "" && o.Library != w.wanted {
			w.take()
		}
		if w.at != w.core || w.wanted != "" && o.Library != w.wanted {
			w.at = "" // nobody knows where the session is
			return
		}
	}
	switch chance := w.random.IntN(100); {
	case chance < 45:
		w.insert(ctx)
	case chance < 70:
		w.transaction(ctx)
	default:
		w.readBack(ctx)
	}
	if w.row >= rowsEach {
		w.take()
	}
}

func (w *writer) insert(ctx context.Context) {
	w.row++
	statement := insertRow(w.core, w.row)
	if w.random.IntN(lingerOneIn) == 0 {
		statement = fmt.Sprintf("begin not atomic %s; do sleep(%s); end", statement, linger)
	}
	w.record(history.Operation{Kind: history.Insert, Core: w.core, Row: w.row}, func(o *history.Operation) {
		told(o, data, w.exec(ctx, statement))
	})
}

// transaction writes three rows and commits them, or gives them up.
func (w *writer) transaction(ctx context.Context) {
	w.group++
	group := int64(w.number)*1_000_000 + w.group
	rows := []int64{w.row + 1, w.row + 2, w.row + 3}
	w.row += 3
	commit := w.random.IntN(5) > 0
	w.together(rows, group, func() history.Operation {
		var o history.Operation
		err := w.exec(ctx, "begin")
		for _, row := range rows {
			if err == nil {
				err = w.exec(ctx, insertRow(w.core, row))
			}
		}
		if err == nil && commit {
			told(&o, data, w.exec(ctx, "commit"))
			return o
		}
		told(&o, data, err)
		// Without a commit nothing of it must be there, whatever became of the rest. A
		// rollback that is not answered leaves no connection behind.
		_ = w.exec(ctx, "rollback")
		o.Outcome = history.Refused
		return o
	})
}

// together records an operation for each row of one transaction, all with its outcome.
func (w *writer) together(rows []int64, group int64, do func() history.Operation) history.Operation {
	if len(rows) == 0 {
		return do()
	}
	o := history.Operation{Kind: history.Insert, Core: w.core, Row: rows[0], Group: group}
	return w.record(o, func(o *history.Operation) {
		all := w.together(rows[1:], group, do)
		o.Outcome, o.Number, o.Error = all.Outcome, all.Number, all.Error
	})
}

// readBack reads all rows of a core object through a new session, mostly at another
// node: of its own or, while they are being written, of another client's.
func (w *writer) readBack(ctx context.Context) {
	r, core := w.reader, w.core
	if of := w.random.IntN(2 * len(w.written)); of < len(w.written) {
		if other := w.written[of].Load(); other != nil {
			core = *other
		}
	}
	open, err := r.open(ctx)
	if err != nil || !open {
		return // as if there was nobody who wanted to read
	}
	if home := r.assign(ctx, core); r.at == core {
		r.record(history.Operation{Kind: history.Read, Core: core, Library: home.Library}, func(o *history.Operation) {
			told(o, data, r.query(ctx, fmt.Sprintf("select number from rows_of where core = '%s' order by 1", o.Core), func(rows *sql.Rows) error {
				var row int64
				err := rows.Scan(&row)
				o.Rows = append(o.Rows, row)
				return err
			}))
		})
	}
	// A session that ends badly has told all that is wanted of it.
	_ = r.close()
}

func insertRow(core string, row int64) string {
	return fmt.Sprintf("insert into rows_of (core, number) values ('%s', %d)", core, row)
}
