package broker

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
)

// newID makes an id that nobody else makes.
func newID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// receive handles PUBLISH.
func (s *session) receive(p packet) error {
	if err := p.check(); err != nil {
		return err
	}
	if p.QoS == 0 && !p.Retain {
		return s.broker.events.append(s.ctx, newID(), s.client, p.Message)
	}
	// The id of the first attempt stays, whatever a repeated one brings.
	id := newID()
	err := s.update(func(ctx context.Context, tx *sql.Tx, _ *state) error {
		return execute(ctx, tx, "keep what was published",
			`INSERT INTO inbox (client_id, packet_id, message_id, topic, payload, qos, retain) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON DUPLICATE KEY UPDATE packet_id = packet_id`,
			s.client, p.ID, id, p.Topic, p.Payload, p.QoS, p.Retain)
	})
	if err != nil {
		return err
	}
	if p.QoS == 2 {
		s.send(packet{Type: typePubRec, ID: p.ID})
		return nil
	}
	if err := s.pass(p.ID); err != nil || p.QoS == 0 {
		return err
	}
	s.send(packet{Type: typePubAck, ID: p.ID})
	return nil
}

// complete handles PUBREL.
func (s *session) complete(p packet) error {
	if err := s.pass(p.ID); err != nil {
		return err
	}
	s.send(packet{Type: typePubComp, ID: p.ID})
	return nil
}

// pass passes what the client has published on to all sessions, once: a message
// that is not in the inbox any more has been passed on.
func (s *session) pass(packetID uint16) error { return s.passFrom("inbox", packetID) }

// passWill does so with the client's will.
func (s *session) passWill() error { return s.passFrom("wills", 0) }

// passFrom takes a message out of one of the client's tables, by way of the
// events. packetID is not looked at for a will.
func (s *session) passFrom(table string, packetID uint16) error {
	where := " WHERE client_id = ?"
	key := []any{s.client}
	if table == "inbox" {
		where, key = where+" AND packet_id = ?", append(key, packetID)
	}
	var id string
	var m Message
	err := s.update(func(ctx context.Context, tx *sql.Tx, _ *state) error {
		id, m = "", Message{}
		err := tx.QueryRowContext(ctx, "SELECT message_id, topic, payload, qos, retain FROM "+table+where, key...).
			Scan(&id, &m.Topic, &m.Payload, &m.QoS, &m.Retain)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err == nil && m.Retain {
			err = s.keepRetained(ctx, tx, id, m)
		}
		return wrap("read what was published", err)
	})
	if id == "" || err != nil {
		return err
	}
	if err := s.broker.events.append(s.ctx, id, s.client, m); err != nil {
		return fmt.Errorf("pass a message on: %w", err)
	}
	return s.update(func(ctx context.Context, tx *sql.Tx, _ *state) error {
		return execute(ctx, tx, "forget what was published", "DELETE FROM "+table+where, key...)
	})
}

// dropWill forgets the will of a client that leaves properly.
func (s *session) dropWill() error {
	return s.update(func(ctx context.Context, tx *sql.Tx, _ *state) error {
		return execute(ctx, tx, "forget the will", "DELETE FROM wills WHERE client_id = ?", s.client)
	})
}
