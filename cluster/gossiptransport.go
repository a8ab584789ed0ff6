package cluster

import (
	"log"
	"net"
	"sync"

	"github.com/hashicorp/memberlist"
	"github.com/prometheus/client_golang/prometheus"
)

// maxGossipStreams bounds the gossip connections that are open at a time; each
// one lives for an exchange at most.
const maxGossipStreams = 64

// gossipTransport is memberlist's transport with a bound on connections.
type gossipTransport struct {
	*memberlist.NetTransport
	refused prometheus.Counter
	streams chan net.Conn
	done    chan struct{}
	pump    sync.WaitGroup

	mu   sync.Mutex
	open map[*gossipStream]struct{}
}

var _ memberlist.NodeAwareTransport = (*gossipTransport)(nil)

func openGossipTransport(host string, port int, logger *log.Logger, refused prometheus.Counter) (*gossipTransport, error) {
	// A free port has to be free for both TCP and UDP.
	attempts := 1
	if port == 0 {
		attempts = 10
	}
	var inner *memberlist.NetTransport
	var err error
	for range attempts {
		inner, err = memberlist.NewNetTransport(&memberlist.NetTransportConfig{
			BindAddrs: []string{host}, BindPort: port, Logger: logger,
		})
		if err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	t := &gossipTransport{
		NetTransport: inner,
		refused:      refused,
		streams:      make(chan net.Conn),
		done:         make(chan struct{}),
		open:         make(map[*gossipStream]struct{}),
	}
	t.pump.Go(t.admit)
	return t, nil
}

func (t *gossipTransport) port() int { return t.GetAutoBindPort() }

// StreamCh gives the connections that were admitted.
func (t *gossipTransport) StreamCh() <-chan net.Conn { return t.streams }

func (t *gossipTransport) admit() {
	for {
		select {
		case conn := <-t.NetTransport.StreamCh():
			if s := t.track(conn); s != nil {
				t.handOut(s)
			}
		case <-t.done:
			return
		}
	}
}

func (t *gossipTransport) track(conn net.Conn) *gossipStream {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.open) >= maxGossipStreams {
		t.refused.Inc()
		conn.Close() //nolint:errcheck // it is refused anyway
		return nil
	}
	s := &gossipStream{Conn: conn, transport: t}
	t.open[s] = struct{}{}
	return s
}

func (t *gossipTransport) handOut(s *gossipStream) {
	select {
	case t.streams <- s:
	case <-t.done:
		s.Close() //nolint:errcheck // nobody is left to read it
	}
}

// Shutdown closes the port and every connection.
func (t *gossipTransport) Shutdown() error {
	// The inner transport may be about to hand a connection out: it is taken
	// until it has stopped.
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for {
			select {
			case s := <-t.streams:
				s.Close() //nolint:errcheck // nobody is left to read it
			case <-t.done:
				return
			}
		}
	}()
	err := t.NetTransport.Shutdown()
	close(t.done)
	<-drained
	t.pump.Wait()
	t.mu.Lock()
	open := make([]*gossipStream, 0, len(t.open))
	for s := range t.open {
		open = append(open, s)
	}
	t.mu.Unlock()
	for _, s := range open {
		s.Close() //nolint:errcheck // nobody is left to read it
	}
	return err
}

// gossipStream makes room when it is closed.
type gossipStream struct {
	net.Conn
	transport *gossipTransport
}

// Close closes the connection.
func (s *gossipStream) Close() error {
	s.transport.mu.Lock()
	delete(s.transport.open, s)
	s.transport.mu.Unlock()
	return s.Conn.Close()
}
