package broker

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

const (
	window    = 16   // messages in flight to a client
	maxQueued = 1000 // messages in the outbox; the others wait among the events
	maxFilter = 100  // subscriptions of a session
)

// session is one client's session from one connect to the next, also while the
// client is away. Only the broker that the client connected to last has it: the
// rows in the client's home library say so, and decide.
type session struct {
	broker *Broker
	client string
	owner  string // of the rows, for as long as this is the client's session
	clean  bool
	ctx    context.Context
	stop   context.CancelFunc
	done   sync.WaitGroup // the goroutine that routes

	mu            sync.Mutex // one step at a time
	wire          *wire      // nil while the client is away
	subscriptions []subscription
	position      uint64          // the event that was looked at last
	queued        int             // rows in the outbox
	lastSent      uint64          // seq of the outbox, on this connection
	inFlight      map[uint16]bool // packet ids, on this connection
	room          chan struct{}   // has a token when queued got smaller
}

// route queues and sends what concerns the session, until it ends.
func (s *session) route() error {
	for {
		list, err := s.broker.events.after(s.ctx, s.position) // only written here
		if err != nil {
			return err
		}
		if err := s.routeSome(list); err != nil {
			return err
		}
		for s.full() {
			select {
			case <-s.room:
			case <-s.ctx.Done():
				return s.ctx.Err()
			}
		}
	}
}

func (s *session) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queued >= maxQueued
}

func (s *session) routeSome(list []event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lasting []delivery
	for _, v := range list {
		qos, wanted := s.wants(v)
		d := delivery{Message: v.Message, eventID: v.id}
		d.QoS = min(qos, v.QoS)
		switch {
		case !wanted:
		case d.QoS > 0:
			lasting = append(lasting, d)
		case s.wire != nil:
			s.send(packet{Type: typePublish, Message: d.Message})
		}
	}
	last := list[len(list)-1].id
	if len(lasting) > 0 {
		err := s.update(func(ctx context.Context, tx *sql.Tx, row *state) error {
			for _, d := range lasting {
				if d.eventID <= row.cursor {
					continue // an earlier attempt has been committed after all
				}
				if err := s.queue(ctx, tx, row, d); err != nil {
					return err
				}
			}
			row.cursor = max(row.cursor, last)
			return nil
		})
		if err != nil {
			return err
		}
		s.queued += len(lasting)
	}
	s.position = last
	return s.sendQueued()
}

// wants tells whether a subscription is for an event, and its highest QoS.
func (s *session) wants(v event) (qos int, wanted bool) {
	for _, sub := range s.subscriptions {
		if v.id > sub.since && v.Topic != "" && matches(sub.filter, v.Topic) {
			qos, wanted = max(qos, sub.qos), true
		}
	}
	return qos, wanted
}

// sendQueued sends what is in the outbox as far as the window goes. mu is held.
func (s *session) sendQueued() error {
	if s.wire == nil || len(s.inFlight) >= window || s.queued <= len(s.inFlight) {
		return nil
	}
	list, err := s.queuedAfter(s.lastSent, window-len(s.inFlight))
	if err != nil {
		return err
	}
	for _, d := range list {
		s.lastSent = d.seq
		s.inFlight[d.packetID] = true
		if d.released {
			s.send(packet{Type: typePubRel, ID: d.packetID})
		} else {
			s.send(packet{Type: typePublish, ID: d.packetID, Message: d.Message})
		}
	}
	return nil
}

// acknowledged handles PUBREC.
func (s *session) acknowledged(p packet) error {
	if err := s.release(p.ID); err != nil {
		return err
	}
	s.send(packet{Type: typePubRel, ID: p.ID})
	return nil
}

// finished handles PUBACK and PUBCOMP.
func (s *session) finished(p packet) error {
	if !s.inFlight[p.ID] {
		return nil // said twice
	}
	if err := s.forget(p.ID); err != nil {
		return err
	}
	delete(s.inFlight, p.ID)
	s.queued--
	select {
	case s.room <- struct{}{}:
	default:
	}
	return s.sendQueued()
}

// subscribe handles SUBSCRIBE: from now on events, and before them what is
// retained.
func (s *session) subscribe(p packet) error {
	if p.Filter == "" || len(p.Filter) > maxTopic || len(s.subscriptions) >= maxFilter {
		return fmt.Errorf("subscription to %q refused", p.Filter)
	}
	since, err := s.broker.events.newest()
	if err != nil {
		return err
	}
	retained, err := s.broker.retainedFor(s.ctx, p.Filter, since)
	if err != nil {
		return err
	}
	err = s.update(func(ctx context.Context, tx *sql.Tx, row *state) error {
		err := execute(ctx, tx, "subscribe",
			`INSERT INTO subscriptions (client_id, filter, qos, since_id) VALUES (?, ?, ?, ?)
			ON DUPLICATE KEY UPDATE qos = VALUES(qos)`, s.client, p.Filter, p.QoS, since)
		if err != nil {
			return err
		}
		for _, d := range retained {
			d.QoS = max(1, min(p.QoS, d.QoS)) // it is queued, so it is acknowledged
			if err := s.queueOnce(ctx, tx, row, d); err != nil {
				return err
			}
		}
		return s.read(ctx, tx)
	})
	if err != nil {
		return err
	}
	s.send(packet{Type: typeSubAck, ID: p.ID})
	return s.sendQueued()
}

// unsubscribe handles UNSUBSCRIBE. What is queued is still sent.
func (s *session) unsubscribe(p packet) error {
	err := s.update(func(ctx context.Context, tx *sql.Tx, _ *state) error {
		err := execute(ctx, tx, "unsubscribe", "DELETE FROM subscriptions WHERE client_id = ? AND filter = ?", s.client, p.Filter)
		if err != nil {
			return err
		}
		return s.read(ctx, tx)
	})
	s.send(packet{Type: typeUnsubAck, ID: p.ID})
	return err
}

// send sends a packet if the client is there. If that fails the goroutine that
// receives from the client notices.
func (s *session) send(p packet) {
	if s.wire != nil && s.wire.send(p) != nil {
		s.wire.close()
	}
}
