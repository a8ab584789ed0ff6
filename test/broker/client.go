package broker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// reconnectPause is how long a client waits before it tries the next broker.
const reconnectPause = 50 * time.Millisecond

// goodbyeTimeout bounds how long a client that leaves waits for the broker.
const goodbyeTimeout = 10 * time.Second

// ClientOptions say who a client is.
type ClientOptions struct {
	ID    string   // 1 to 64 printable characters
	Clean bool     // forget what was, at each connect
	Will  *Message // published when the client vanishes
	// Handle gets each message once, one at a time; nil ignores them. It must
	// not wait for the client's own methods.
	Handle func(Message)
}

// Client is a client with a session: what it was about when a connection ends
// goes on with the next one. Its methods may be called from any goroutine.
type Client struct {
	options ClientOptions

	mu       sync.Mutex
	wire     *wire                // nil between two connections
	nextID   uint16               // of our packets
	pending  map[uint16]*exchange // ours, by packet id
	received map[uint16]bool      // the broker's at QoS 2, until released
}

// exchange is a packet of ours that is repeated until the answer is there.
type exchange struct {
	packet packet
	done   chan struct{}
}

// NewClient makes a client that is not connected yet.
func NewClient(o ClientOptions) *Client {
	return &Client{options: o, pending: map[uint16]*exchange{}, received: map[uint16]bool{}}
}

// Run keeps the client connected to one of the brokers (host:port, tried in turn)
// until ctx ends, and then disconnects; when the cause is ErrVanish, without
// saying so. The client may be run again, also elsewhere.
func (c *Client) Run(ctx context.Context, brokers ...string) {
	for next := 0; ctx.Err() == nil; next++ {
		if err := c.connection(ctx, brokers[next%len(brokers)]); err == nil {
			continue
		}
		select {
		case <-time.After(reconnectPause):
		case <-ctx.Done():
		}
	}
}

// ErrVanish ends a client as if its machine had died.
var ErrVanish = errors.New("the client vanishes")

// connection serves one connection to its end.
func (c *Client) connection(ctx context.Context, broker string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", broker)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	w := newWire(conn)
	defer w.close()
	leave := context.AfterFunc(ctx, func() {
		if !errors.Is(context.Cause(ctx), ErrVanish) && w.send(packet{Type: typeDisconnect}) == nil {
			if conn.SetReadDeadline(time.Now().Add(goodbyeTimeout)) == nil {
				return // the broker hangs up
			}
		}
		w.close()
	})
	defer leave()
	err = w.send(packet{Type: typeConnect, Client: c.options.ID, Clean: c.options.Clean, Will: c.options.Will})
	for err == nil {
		var p packet
		if p, err = w.receive(); err == nil {
			err = c.handle(w, p)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wire = nil
	return err
}

func (c *Client) handle(w *wire, p packet) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch p.Type {
	case typeConnAck:
		c.wire = w
		for _, id := range slices.Sorted(maps.Keys(c.pending)) {
			again := c.pending[id].packet
			again.Dup = true
			if err := w.send(again); err != nil {
				return err
			}
		}
		return nil
	case typePublish:
		return c.receive(w, p)
	case typePubRel:
		delete(c.received, p.ID)
		return w.send(packet{Type: typePubComp, ID: p.ID})
	case typePubRec:
		if x := c.pending[p.ID]; x != nil {
			x.packet = packet{Type: typePubRel, ID: p.ID} // never the message again
		}
		return w.send(packet{Type: typePubRel, ID: p.ID})
	case typePubAck, typePubComp, typeSubAck, typeUnsubAck:
		if x := c.pending[p.ID]; x != nil {
			delete(c.pending, p.ID)
			close(x.done)
		}
		return nil
	}
	return fmt.Errorf("packet %q is not for a client", p.Type)
}

func (c *Client) receive(w *wire, p packet) error {
	if !c.received[p.ID] && c.options.Handle != nil {
		c.options.Handle(p.Message)
	}
	switch p.QoS {
	case 1:
		return w.send(packet{Type: typePubAck, ID: p.ID})
	case 2:
		c.received[p.ID] = true
		return w.send(packet{Type: typePubRec, ID: p.ID})
	}
	return nil
}

// Publish returns when the brokers are answerable for the message; at QoS 0 at
// once. When ctx ends before, it is still sent later.
func (c *Client) Publish(ctx context.Context, m Message) error {
	return c.exchange(ctx, packet{Type: typePublish, Message: m}, m.QoS > 0)
}

// Subscribe returns when the subscription is in force.
func (c *Client) Subscribe(ctx context.Context, filter string, qos int) error {
	return c.exchange(ctx, packet{Type: typeSubscribe, Filter: filter, Message: Message{QoS: qos}}, true)
}

// Unsubscribe returns when the subscription has ended.
func (c *Client) Unsubscribe(ctx context.Context, filter string) error {
	return c.exchange(ctx, packet{Type: typeUnsubscribe, Filter: filter}, true)
}

func (c *Client) exchange(ctx context.Context, p packet, answered bool) error {
	c.mu.Lock()
	for c.nextID++; c.nextID == 0 || c.pending[c.nextID] != nil; c.nextID++ {
	}
	p.ID = c.nextID
	x := &exchange{packet: p, done: make(chan struct{})}
	if answered {
		c.pending[p.ID] = x
	} else {
		close(x.done)
	}
	if w := c.wire; w != nil && w.send(p) != nil {
		w.close() // and it is sent again on the next connection
	}
	c.mu.Unlock()
	select {
	case <-x.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", p.Type, ctx.Err())
	}
}
