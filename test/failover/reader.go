package main

import (
	"context"
	"time"
)

// reader is a client of the library where nothing happens: it only wants its answers
// in time.
type reader struct{ session }

const readerPace = 10 * time.Millisecond

func (r *reader) run(ctx context.Context, stop <-chan struct{}) error {
	return paced(ctx, stop, readerPace, &r.session, func() {
		sent := time.Now()
		_, _ = r.number(ctx, lastNumber(0)) // an error was noted
		r.told.addTiming(timing{node: r.node.ID, sent: sent, took: time.Since(sent)})
	})
}
