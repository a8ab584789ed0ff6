package broker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	pollEvery = 10 * time.Millisecond
	pollLimit = 10   // events read at once
	maxRecent = 1000 // events kept in memory
)

// event is a message that is on its way to all sessions.
type event struct {
	id uint64
	Message
}

// events is the table of events as one broker sees it. Its methods may be called
// from any goroutine.
type events struct {
	db *sql.DB // in the default library

	mu     sync.Mutex
	recent []event       // without a gap, the newest last
	grown  chan struct{} // closed when recent grows
}

func newEvents(db *sql.DB) *events { return &events{db: db, grown: make(chan struct{})} }

// append puts a message into the table unless one of that id is there, and
// returns after the commit. For a retained message, client is whose home has it.
func (e *events) append(ctx context.Context, id, client string, m Message) error {
	for {
		err := transact(ctx, e.db, "", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO events (message_id, topic, payload, qos) VALUES (?, ?, ?, ?)",
				id, m.Topic, m.Payload, m.QoS)
			if err != nil {
				return fmt.Errorf("append an event: %w", err)
			}
			if m.Retain {
				return announceRetained(ctx, tx, id, client, m.Topic)
			}
			return nil
		})
		if !isDuplicate(err) {
			return err
		}
		// Either the message is there, or a reader has closed the gap that we
		// were about to fill.
		if there, err := e.has(ctx, id); there || err != nil {
			return err
		}
	}
}

func (e *events) has(ctx context.Context, id string) (there bool, err error) {
	err = transact(ctx, e.db, "", func(ctx context.Context, tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT COUNT(*) > 0 FROM events WHERE message_id = ?", id).Scan(&there)
		return wrap("look for an event", err)
	})
	return there, err
}

// read returns the next events after that id, at most pollLimit, without a gap
// among them. There may be more when it returns any.
func (e *events) read(ctx context.Context, after uint64) (list []event, err error) {
	err = transact(ctx, e.db, "", func(ctx context.Context, tx *sql.Tx) error {
		found, err := query(ctx, tx, func(row *sql.Rows) (v event, err error) {
			return v, row.Scan(&v.id, &v.Topic, &v.Payload, &v.QoS)
		}, "SELECT id, topic, payload, qos FROM events WHERE id > ? ORDER BY id LIMIT ?", after, pollLimit)
		list = found
		return wrap("read events", err)
	})
	if err != nil {
		return nil, err
	}
	for i, v := range list {
		if want := after + 1 + uint64(i); v.id != want {
			return list[:i], e.closeGap(ctx, want, v.id)
		}
	}
	return list, nil
}

// closeGap settles which events there are from one id up to below another.
func (e *events) closeGap(ctx context.Context, from, to uint64) error {
	to = min(to, from+pollLimit)
	for id := from; id < to; id++ {
		err := transact(ctx, e.db, "", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO events (id, message_id, topic, payload, qos) VALUES (?, ?, '', '', 0)",
				id, fmt.Sprintf("gap-%d", id))
			return wrap("close a gap", err)
		})
		if err != nil && !isDuplicate(err) {
			return err
		}
	}
	return nil
}

// poll follows the table until ctx ends.
func (e *events) poll(ctx context.Context) error {
	var start uint64
	err := transact(ctx, e.db, "", func(ctx context.Context, tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM events").Scan(&start)
		return wrap("find the newest event", err)
	})
	if err != nil {
		return err
	}
	e.mu.Lock()
	e.recent = []event{{id: start}}
	e.mu.Unlock()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for last := start; ; {
		list, err := e.read(ctx, last)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			last = list[len(list)-1].id
			e.add(list)
		}
		if len(list) == pollLimit {
			continue
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (e *events) add(list []event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.recent = append(e.recent, list...)
	if surplus := len(e.recent) - maxRecent; surplus > maxRecent {
		e.recent = append([]event(nil), e.recent[surplus:]...)
	}
	close(e.grown)
	e.grown = make(chan struct{})
}

// errNotPolled means that the newest event is not known yet.
var errNotPolled = errors.New("the events have not been read yet")

// newest returns the id of the newest event that is known; all before it are
// settled.
func (e *events) newest() (uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.recent) == 0 {
		return 0, errNotPolled
	}
	return e.recent[len(e.recent)-1].id, nil
}

// after waits for events after that id and returns some of them, in order and
// without a gap: from memory, or from the table for a reader that is far behind.
func (e *events) after(ctx context.Context, id uint64) ([]event, error) {
	for {
		e.mu.Lock()
		recent, grown := e.recent, e.grown
		e.mu.Unlock()
		if len(recent) > 0 {
			first, last := recent[0].id, recent[len(recent)-1].id
			if id < first {
				return e.readSome(ctx, id)
			}
			if id < last {
				rest := recent[id-first+1:]
				return rest[:min(len(rest), pollLimit)], nil
			}
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// readSome reads until there is anything; the caller knows that there is.
func (e *events) readSome(ctx context.Context, id uint64) ([]event, error) {
	for {
		if list, err := e.read(ctx, id); len(list) > 0 || err != nil {
			return list, err
		}
	}
}
