package transport

import (
	"errors"
	"net"
	"sync"
)

var errFull = errors.New("too many connections of this service")

// admit takes raw out of the pending ones and, if wanted, counts conn, which is raw
// or TLS on top of it, as one of its service.
func (m *Mux) admit(raw, conn net.Conn, s Service, peer string, wanted bool) (*trackedConn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending.remove(raw)
	if !wanted {
		return nil, nil
	}
	if m.closed {
		return nil, net.ErrClosed
	}
	if m.counts[s] >= MaxConnections {
		return nil, errFull
	}
	c := &trackedConn{Conn: conn, mux: m, service: s, peer: peer}
	m.open[c] = struct{}{}
	m.counts[s]++
	m.metrics.open.WithLabelValues(s.String()).Set(float64(m.counts[s]))
	return c, nil
}

// DropRemoved closes the Raft connections of nodes that were removed since. It does
// not block.
func (m *Mux) DropRemoved() {
	m.mu.Lock()
	var gone []*trackedConn
	for c := range m.open {
		if c.service == Raft && c.peer != "" && m.removed(c.peer) {
			gone = append(gone, c)
		}
	}
	m.mu.Unlock()
	for _, c := range gone {
		c.Close() //nolint:errcheck // it is of no use any more
	}
}

// trackedConn is an accepted connection that the Mux closes when it is closed.
type trackedConn struct {
	net.Conn
	mux     *Mux
	service Service
	peer    string // the node that its certificate names, "" in the clear
	once    sync.Once
}

// Close closes the connection and makes room for another one.
func (c *trackedConn) Close() error {
	c.once.Do(func() {
		m := c.mux
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.open, c)
		m.counts[c.service]--
		m.metrics.open.WithLabelValues(c.service.String()).Set(float64(m.counts[c.service]))
	})
	return c.Conn.Close()
}
