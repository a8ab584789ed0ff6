package broker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
)

// Broker is one of any number of brokers over the same libraries. Which of them
// a client connects to makes no difference, also not from one time to the next.
type Broker struct {
	homes  *sql.DB // transact selects the library
	events *events

	mu       sync.Mutex
	sessions map[string]*session // by client
}

// New makes a broker that uses the first node which can be reached, in this
// order. The DSNs are those of go-sql-driver/mysql.
func New(dsns []string) (*Broker, error) {
	homes, err := openPool(dsns)
	if err != nil {
		return nil, err
	}
	shared, err := openPool(dsns)
	if err != nil {
		return nil, errors.Join(err, homes.Close())
	}
	return &Broker{homes: homes, events: newEvents(shared), sessions: map[string]*session{}}, nil
}

// Serve serves clients until ctx ends or the tables cannot be used, and closes
// the listener.
func (b *Broker) Serve(ctx context.Context, listener net.Listener) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var tasks sync.WaitGroup
	tasks.Go(func() {
		if err := b.events.poll(ctx); err != nil && ctx.Err() == nil {
			stop(err)
		}
	})
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	var err error
	for {
		var conn net.Conn
		if conn, err = listener.Accept(); err != nil {
			break
		}
		tasks.Go(func() { b.serve(ctx, newWire(conn)) })
	}
	ended := ctx.Err() != nil
	stop(nil)
	tasks.Wait()
	b.mu.Lock()
	left := slices.Collect(maps.Values(b.sessions))
	b.mu.Unlock()
	for _, s := range left {
		s.done.Wait()
	}
	closed := errors.Join(b.homes.Close(), b.events.db.Close())
	if cause := context.Cause(ctx); ended && errors.Is(cause, context.Canceled) {
		return closed
	} else if ended {
		err = cause
	}
	return errors.Join(err, closed)
}

// serve serves one connection.
func (b *Broker) serve(ctx context.Context, w *wire) {
	defer w.close()
	defer context.AfterFunc(ctx, w.close)()
	hello, err := w.receive()
	if err != nil || hello.Type != typeConnect || hello.Client == "" {
		slog.Warn("no client came in", "packet", hello.Type, "error", err)
		return
	}
	s := b.replace(ctx, hello)
	if err := s.start(hello, w); err != nil {
		slog.Warn("a session could not start", "client", s.client, "error", err)
		b.remove(s)
		return
	}
	for err == nil {
		var p packet
		if p, err = w.receive(); err == nil {
			err = s.handle(p)
		}
	}
	s.leave(err)
}

// replace makes the client's new session and ends the one before, if it was
// here. One that is elsewhere notices when it next looks at its row.
func (b *Broker) replace(ctx context.Context, hello packet) *session {
	s := &session{
		broker: b, client: hello.Client, owner: newID(), clean: hello.Clean,
		inFlight: map[uint16]bool{}, room: make(chan struct{}, 1),
	}
	s.ctx, s.stop = context.WithCancel(ctx)
	b.mu.Lock()
	before := b.sessions[s.client]
	b.sessions[s.client] = s
	b.mu.Unlock()
	if before != nil {
		before.stop()
	}
	return s
}

// remove ends a session that is not to be continued here.
func (b *Broker) remove(s *session) {
	s.stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sessions[s.client] == s {
		delete(b.sessions, s.client)
	}
}

// start lets the session begin with its client there.
func (s *session) start(hello packet, w *wire) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if hello.Will != nil {
		if err := hello.Will.check(); err != nil {
			return err
		}
	}
	if err := s.take(hello.Clean, hello.Will); err != nil {
		return err
	}
	s.wire = w
	context.AfterFunc(s.ctx, w.close)
	s.send(packet{Type: typeConnAck})
	if err := s.sendQueued(); err != nil {
		return err
	}
	s.done.Go(func() {
		if err := s.route(); s.ctx.Err() == nil {
			slog.Warn("a session ends", "client", s.client, "error", err)
			s.broker.remove(s)
		}
	})
	return nil
}

// errDisconnect ends the connection of a client that says so.
var errDisconnect = errors.New("the client disconnects")

// handle handles a packet of the client. The connection does not survive an error.
func (s *session) handle(p packet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch p.Type {
	case typePublish:
		return s.receive(p)
	case typePubRel:
		return s.complete(p)
	case typePubRec:
		return s.acknowledged(p)
	case typePubAck, typePubComp:
		return s.finished(p)
	case typeSubscribe:
		return s.subscribe(p)
	case typeUnsubscribe:
		return s.unsubscribe(p)
	case typeDisconnect:
		return errors.Join(errDisconnect, s.dropWill())
	}
	return fmt.Errorf("packet %q is not for a broker", p.Type)
}

// leave ends the connection. The session goes on without it, unless it was a
// clean one. A client that has vanished leaves its will.
func (s *session) leave(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wire = nil
	s.lastSent, s.inFlight = 0, map[uint16]bool{}
	if !errors.Is(why, errDisconnect) {
		slog.Info("a client is gone", "client", s.client, "error", why)
		if err := s.passWill(); err != nil && s.ctx.Err() == nil {
			slog.Warn("a will could not be passed on", "client", s.client, "error", err)
		}
	}
	if s.clean {
		s.broker.remove(s)
	}
}
