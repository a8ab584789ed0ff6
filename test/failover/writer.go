package main

import (
	"context"
	"sync/atomic"
	"time"
)

// writer is a careful client that writes numbers one after another, each once: one
// whose outcome it does not learn it leaves as it is, and goes on with the next. It
// stays with its node.
type writer struct {
	session
	id    int // in the library
	parts int // rows of each transaction; 0 autocommits single rows
	// last is the number of the last write that was acknowledged.
	last atomic.Int64
}

// writerPace is the time between two writes of a client.
const writerPace = 20 * time.Millisecond

// run writes until stop is closed. ctx ends what is under way, too.
func (w *writer) run(ctx context.Context, stop <-chan struct{}) error {
	number := int64(0)
	return paced(ctx, stop, writerPace, &w.session, func() {
		number++
		w.write(ctx, number)
	})
}

func (w *writer) write(ctx context.Context, number int64) {
	entry := write{writer: w.id, number: number, parts: max(w.parts, 1), node: w.node.ID, sent: time.Now()}
	if w.parts == 0 {
		entry.outcome = outcomeOf(w.exec(ctx, insertRow(w.id, number, 0, entry.sent)))
	} else {
		entry.outcome = w.transaction(ctx, number, entry.sent)
	}
	entry.told = time.Now()
	if entry.outcome == acknowledged {
		w.last.Store(number)
	}
	w.told.addWrite(w.library, entry)
	if w.library == still {
		w.told.addTiming(timing{node: w.node.ID, sent: entry.sent, took: entry.told.Sub(entry.sent)})
	}
}

// transaction writes several rows in a transaction. Nothing of it may be there
// afterwards if COMMIT was not sent, whatever became of the statements before it.
func (w *writer) transaction(ctx context.Context, number int64, sent time.Time) outcome {
	err := w.exec(ctx, "begin")
	for part := 0; part < w.parts && err == nil; part++ {
		err = w.exec(ctx, insertRow(w.id, number, part, sent))
	}
	if err == nil {
		return outcomeOf(w.exec(ctx, "commit"))
	}
	if w.conn != nil {
		// An error is noted like all others; what it is about was given up already.
		_ = w.exec(ctx, "rollback")
	}
	return refused
}

// paced does something with an open session again and again, until stop is closed.
func paced(ctx context.Context, stop <-chan struct{}, pace time.Duration, s *session, do func()) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return s.close()
		case <-ctx.Done():
			return s.close()
		case <-ticker.C:
		}
		// A node that is down, or starts, is tried again until it is not.
		if s.open(ctx) == nil {
			do()
		}
	}
}
