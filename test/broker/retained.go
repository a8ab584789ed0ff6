package broker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// The last retained message of a topic is in the home library of the client that
// published it. The default library says whose home that is. A message that is
// at home under another id than is announced will come as an event.

// keepRetained puts a retained message into its publisher's home.
func (s *session) keepRetained(ctx context.Context, tx *sql.Tx, id string, m Message) error {
	return execute(ctx, tx, "keep a retained message",
		`REPLACE INTO retained (client_id, topic, message_id, payload, qos) VALUES (?, ?, ?, ?, ?)`,
		s.client, m.Topic, id, m.Payload, m.QoS)
}

// announceRetained says whose home has the retained message of a topic. It runs
// in the transaction of the event.
func announceRetained(ctx context.Context, tx *sql.Tx, id, client, topic string) error {
	return execute(ctx, tx, "announce a retained message",
		`INSERT INTO retained_topics (topic, client_id, message_id, event_id) SELECT ?, ?, message_id, id FROM events WHERE message_id = ?
		ON DUPLICATE KEY UPDATE
			client_id = IF(VALUES(event_id) > event_id, VALUES(client_id), client_id),
			retained_topics.message_id = IF(VALUES(event_id) > event_id, VALUES(message_id), retained_topics.message_id),
			event_id = GREATEST(event_id, VALUES(event_id))`, topic, client, id)
}

// place is where a retained message is.
type place struct {
	topic, client, messageID string
	eventID                  uint64
}

// retainedFor returns the retained messages under a filter up to an event: what
// comes later the subscription gets as events.
func (b *Broker) retainedFor(ctx context.Context, filter string, upTo uint64) (list []delivery, err error) {
	var places []place
	err = transact(ctx, b.events.db, "", func(ctx context.Context, tx *sql.Tx) error {
		places, err = query(ctx, tx, func(row *sql.Rows) (v place, err error) {
			return v, row.Scan(&v.topic, &v.client, &v.messageID, &v.eventID)
		}, "SELECT topic, client_id, message_id, event_id FROM retained_topics WHERE event_id <= ?", upTo)
		return wrap("find retained messages", err)
	})
	for _, p := range places {
		if !matches(filter, p.topic) {
			continue
		}
		d, err := b.retainedAt(ctx, p)
		if err != nil {
			return nil, err
		}
		if len(d.Payload) > 0 { // an empty one ends what was retained
			list = append(list, d)
		}
	}
	return list, err
}

func (b *Broker) retainedAt(ctx context.Context, p place) (d delivery, err error) {
	err = transact(ctx, b.homes, p.client, func(ctx context.Context, tx *sql.Tx) error {
		d = delivery{eventID: p.eventID, Message: Message{Topic: p.topic, Retain: true}}
		err := tx.QueryRowContext(ctx, "SELECT payload, qos FROM retained WHERE client_id = ? AND topic = ? AND message_id = ?",
			p.client, p.topic, p.messageID).Scan(&d.Payload, &d.QoS)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return wrap(fmt.Sprintf("read the retained message of %s", p.topic), err)
	})
	return d, err
}
