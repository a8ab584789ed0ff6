package broker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// errNotOwner means that the client has connected anew, here or elsewhere.
var errNotOwner = errors.New("the client has another session now")

// state is a session's row in its home library.
type state struct {
	cursor  uint64 // the event up to which messages are queued
	nextSeq uint64
}

// subscription is a filter of a session.
type subscription struct {
	filter string
	qos    int
	since  uint64 // events after this one are meant
}

// delivery is a row of the outbox.
type delivery struct {
	Message
	seq      uint64
	packetID uint16
	eventID  uint64
	released bool
}

const maxPacketID = 1<<16 - 1

// update runs work in a transaction of the session's home library in which the
// session is this broker's. A change of *state is written too.
func (s *session) update(work func(ctx context.Context, tx *sql.Tx, row *state) error) error {
	return transact(s.ctx, s.broker.homes, s.client, func(ctx context.Context, tx *sql.Tx) error {
		var owner string
		var row state
		err := tx.QueryRowContext(ctx, "SELECT owner, cursor_id, next_seq FROM sessions WHERE client_id = ? FOR UPDATE",
			s.client).Scan(&owner, &row.cursor, &row.nextSeq)
		if err != nil {
			return fmt.Errorf("lock the session: %w", err)
		}
		if owner != s.owner {
			return errNotOwner
		}
		before := row
		if err := work(ctx, tx, &row); err != nil || row == before {
			return err
		}
		return execute(ctx, tx, "write the session", "UPDATE sessions SET cursor_id = ?, next_seq = ? WHERE client_id = ?",
			row.cursor, row.nextSeq, s.client)
	})
}

// take makes the session this broker's, reads it, and remembers the will.
func (s *session) take(clean bool, will *Message) error {
	newest, err := s.broker.events.newest()
	if err != nil {
		return err
	}
	return transact(s.ctx, s.broker.homes, s.client, func(ctx context.Context, tx *sql.Tx) error {
		err := execute(ctx, tx, "take the session",
			`INSERT INTO sessions (client_id, owner, cursor_id, next_seq) VALUES (?, ?, ?, 1)
			ON DUPLICATE KEY UPDATE owner = VALUES(owner), cursor_id = IF(?, VALUES(cursor_id), cursor_id)`,
			s.client, s.owner, newest, clean)
		if err != nil {
			return err
		}
		forgotten := []string{"wills"}
		if clean {
			forgotten = append(forgotten, "subscriptions", "inbox", "outbox")
		}
		for _, table := range forgotten {
			if err := execute(ctx, tx, "forget", "DELETE FROM "+table+" WHERE client_id = ?", s.client); err != nil {
				return err
			}
		}
		if will != nil {
			err := execute(ctx, tx, "keep the will",
				"INSERT INTO wills (client_id, message_id, topic, payload, qos, retain) VALUES (?, ?, ?, ?, ?, ?)",
				s.client, newID(), will.Topic, will.Payload, will.QoS, will.Retain)
			if err != nil {
				return err
			}
		}
		err = tx.QueryRowContext(ctx, "SELECT cursor_id FROM sessions WHERE client_id = ?", s.client).Scan(&s.position)
		if err != nil {
			return fmt.Errorf("read the cursor: %w", err)
		}
		return s.read(ctx, tx)
	})
}

// read reads the session's subscriptions and how much is queued for it.
func (s *session) read(ctx context.Context, tx *sql.Tx) (err error) {
	s.subscriptions, err = query(ctx, tx, func(row *sql.Rows) (v subscription, err error) {
		return v, row.Scan(&v.filter, &v.qos, &v.since)
	}, "SELECT filter, qos, since_id FROM subscriptions WHERE client_id = ?", s.client)
	if err != nil {
		return fmt.Errorf("read subscriptions: %w", err)
	}
	err = tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM outbox WHERE client_id = ?", s.client).Scan(&s.queued)
	return wrap("count what is queued", err)
}

// queue puts a message into the outbox.
func (s *session) queue(ctx context.Context, tx *sql.Tx, row *state, d delivery) error {
	err := execute(ctx, tx, "queue a message",
		`INSERT INTO outbox (client_id, seq, packet_id, event_id, topic, payload, qos, retain) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		s.client, row.nextSeq, row.nextSeq%maxPacketID+1, d.eventID, d.Topic, d.Payload, d.QoS, d.Retain)
	row.nextSeq++
	return err
}

// queueOnce queues a message of an event that is not in the outbox yet.
func (s *session) queueOnce(ctx context.Context, tx *sql.Tx, row *state, d delivery) error {
	var there bool
	err := tx.QueryRowContext(ctx, "SELECT COUNT(*) > 0 FROM outbox WHERE client_id = ? AND event_id = ?", s.client, d.eventID).Scan(&there)
	if err != nil || there {
		return wrap("look into the outbox", err)
	}
	return s.queue(ctx, tx, row, d)
}

// queuedAfter returns the next messages of the outbox.
func (s *session) queuedAfter(seq uint64, limit int) (list []delivery, err error) {
	err = s.update(func(ctx context.Context, tx *sql.Tx, _ *state) error {
		list, err = query(ctx, tx, func(row *sql.Rows) (v delivery, err error) {
			return v, row.Scan(&v.seq, &v.packetID, &v.Topic, &v.Payload, &v.QoS, &v.Retain, &v.released)
		}, `SELECT seq, packet_id, topic, payload, qos, retain, released FROM outbox
			WHERE client_id = ? AND seq > ? ORDER BY seq LIMIT ?`, s.client, seq, limit)
		return wrap("read the outbox", err)
	})
	return list, err
}

// release notes that the client has received a message.
func (s *session) release(packetID uint16) error {
	return s.update(func(ctx context.Context, tx *sql.Tx, _ *state) error {
		return execute(ctx, tx, "release a message", "UPDATE outbox SET released = TRUE WHERE client_id = ? AND packet_id = ?",
			s.client, packetID)
	})
}

// forget ends a message of the outbox: the client is done with it.
func (s *session) forget(packetID uint16) error {
	return s.update(func(ctx context.Context, tx *sql.Tx, _ *state) error {
		return execute(ctx, tx, "forget a message", "DELETE FROM outbox WHERE client_id = ? AND packet_id = ?", s.client, packetID)
	})
}
