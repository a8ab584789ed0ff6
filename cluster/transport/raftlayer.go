package transport

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// raftDialTimeout bounds connecting to a node. It is short so that a node that
// comes back is soon tried again.
const raftDialTimeout = 2 * time.Second

// raftLayer is Raft's stream layer over a Mux. It keeps the connections that
// it dialled, so that closing it ends every call that is under way.
type raftLayer struct {
	net.Listener
	security *Security
	cluster  ClusterID
	ctx      context.Context
	cancel   context.CancelFunc

	mu     sync.Mutex
	closed bool
	open   map[*dialledConn]struct{}
}

var _ raft.StreamLayer = (*raftLayer)(nil)

func newRaftLayer(mux *Mux, cluster ClusterID) *raftLayer {
	ctx, cancel := context.WithCancel(context.Background())
	return &raftLayer{
		Listener: mux.Listener(Raft),
		security: mux.security,
		cluster:  cluster,
		ctx:      ctx,
		cancel:   cancel,
		open:     make(map[*dialledConn]struct{}),
	}
}

// Dial connects to a node. The address is the one that target made.
func (l *raftLayer) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	id, hostPort, err := splitTarget(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(l.ctx, min(timeout, raftDialTimeout))
	defer cancel()
	conn, err := l.security.dial(ctx, hostPort, preamble{service: Raft, cluster: l.cluster, target: id}, id)
	if err != nil {
		return nil, err
	}
	if _, secured := conn.(*securedConn); !secured {
		conn = &plainConn{Conn: conn}
	}
	c := &dialledConn{Conn: conn, layer: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		conn.Close() //nolint:errcheck // it was not used yet
		return nil, net.ErrClosed
	}
	l.open[c] = struct{}{}
	return c, nil
}

// Close stops accepting and breaks every dialled connection.
func (l *raftLayer) Close() error {
	l.cancel()
	l.mu.Lock()
	l.closed = true
	open := make([]*dialledConn, 0, len(l.open))
	for c := range l.open {
		open = append(open, c)
	}
	l.mu.Unlock()
	for _, c := range open {
		c.Close() //nolint:errcheck // it is being thrown away
	}
	return l.Listener.Close()
}

type dialledConn struct {
	net.Conn
	layer *raftLayer
}

func (c *dialledConn) Close() error {
	c.layer.mu.Lock()
	delete(c.layer.open, c)
	c.layer.mu.Unlock()
	return c.Conn.Close()
}

// target joins a node's id and its address, because Raft's network transport
// knows only one of them when it dials.
func target(id raft.ServerID, hostPort string) raft.ServerAddress {
	return raft.ServerAddress(string(id) + "@" + hostPort)
}

func splitTarget(address raft.ServerAddress) (id, hostPort string, err error) {
	i := strings.LastIndexByte(string(address), '@')
	if i < 0 {
		return "", "", fmt.Errorf("address %q names no node", address)
	}
	return string(address[:i]), string(address[i+1:]), nil
}
