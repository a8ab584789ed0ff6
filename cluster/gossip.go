package cluster

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
)

const (
	// gossipIOTimeout bounds one exchange with another node.
	gossipIOTimeout = 2 * time.Second
	// gossipLeaveTimeout bounds telling the others of a departure.
	gossipLeaveTimeout = time.Second
	// gossipKeysInterval is the time between two looks at whether keys have changed.
	gossipKeysInterval = time.Second
)

// gossip is this node's part in the failure detector: who is alive, and what
// each node sees of the servers. Nothing here authorises anything.
type gossip struct {
	m         *member
	transport *gossipTransport
	host      string
	port      int
	logger    *zap.Logger
	lines     *log.Logger            // memberlist's
	list      *memberlist.Memberlist // nil until start
	meta      []byte
	queue     *memberlist.TransmitLimitedQueue
	ring      *memberlist.Keyring // nil: gossip is in the clear, for as long as this node runs
	keys      GossipKeys          // in ring; changed by followKeys alone
	alive     atomic.Pointer[map[string]bool]

	mu   sync.Mutex // leave and shutdown, one at a time
	down bool       // guarded by mu
}

// openGossip binds the gossip port.
func openGossip(m *member) (*gossip, error) {
	host, port, err := resolveBind(m.ctx, m.cfg.GossipListen)
	if err != nil {
		return nil, fmt.Errorf("gossip address: %w", err)
	}
	lines := newGossipLog(m.logger)
	t, err := openGossipTransport(host, port, lines, m.metrics.gossipRefused)
	if err != nil {
		return nil, fmt.Errorf("listening for gossip on %s: %w", m.cfg.GossipListen, err)
	}
	return &gossip{m: m, transport: t, host: host, port: t.port(), logger: m.logger.Named("gossip"), lines: lines}, nil
}

// resolveBind gives the IP address and port to bind; memberlist takes no names.
func resolveBind(ctx context.Context, address string) (string, int, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%w: port %q: %w", ErrConfig, portText, err)
	}
	if host == "" {
		return "0.0.0.0", int(port), nil
	}
	ip, err := resolve(ctx, host)
	return ip, int(port), err
}

func resolve(ctx context.Context, host string) (string, error) {
	if ip := net.ParseIP(host); ip != nil {
		return host, nil
	}
	ips, err := net.DefaultResolver.LookupIP(ctx, "ip", host)
	if err != nil {
		return "", err
	}
	return ips[0].String(), nil
}

func (g *gossip) listenAddr() string { return net.JoinHostPort(g.host, strconv.Itoa(g.port)) }

// start makes this node visible as self.
func (g *gossip) start(self record) error {
	var err error
	if g.meta, err = proto.Marshal(self.proto()); err != nil {
		return fmt.Errorf("describing this node: %w", err)
	}
	if len(g.meta) > memberlist.MetaMaxSize {
		return fmt.Errorf("%w: node id and addresses take %d bytes, at most %d fit into gossip", ErrConfig, len(g.meta), memberlist.MetaMaxSize)
	}
	advertiseHost, _, err := net.SplitHostPort(self.info.Gossip)
	if err != nil {
		return fmt.Errorf("gossip address: %w", err)
	}
	advertiseIP, err := resolve(g.m.ctx, advertiseHost)
	if err != nil {
		return fmt.Errorf("gossip address: %w", err)
	}
	conf := memberlist.DefaultLANConfig()
	conf.Name = g.m.id
	conf.Label = g.m.clusterID.String()
	conf.Transport = g.transport
	conf.BindAddr, conf.BindPort = g.host, g.port
	conf.AdvertiseAddr, conf.AdvertisePort = advertiseIP, g.port
	conf.TCPTimeout = gossipIOTimeout
	conf.ProbeInterval = g.m.cfg.Gossip.ProbeInterval
	conf.ProbeTimeout = g.m.cfg.Gossip.ProbeTimeout
	conf.PushPullInterval = g.m.cfg.Gossip.PushPullInterval
	conf.GossipInterval = g.m.cfg.Gossip.Interval
	conf.DeadNodeReclaimTime = g.m.cfg.Gossip.ReclaimTime
	conf.Delegate, conf.Events, conf.Alive = g, g, g
	conf.Logger = g.lines
	if g.m.cfg.GossipKeys != nil {
		g.keys = g.m.cfg.GossipKeys()
		if g.ring, err = g.keys.ring(); err != nil {
			return fmt.Errorf("gossip keys: %w", err)
		}
		conf.Keyring = g.ring
		conf.GossipVerifyIncoming, conf.GossipVerifyOutgoing = !g.keys.takesPlain(), !g.keys.sendsPlain()
		g.logger.Info("gossip is encrypted", zap.Strings("names", g.keys.Names()), zap.Bool("sends_plain", g.keys.sendsPlain()), zap.Bool("takes_plain", g.keys.takesPlain()))
	}
	conf.MsgpackUseNewTimeFormat = true

	g.queue = &memberlist.TransmitLimitedQueue{RetransmitMult: conf.RetransmitMult, NumNodes: g.aliveCount}
	list, err := memberlist.Create(conf)
	if err != nil {
		return fmt.Errorf("starting gossip: %w", err)
	}
	g.list = list
	return nil
}

// meetLoop keeps looking up members that gossip does not see, so that a node
// finds back after a partition or on other addresses.
func (g *gossip) meetLoop(ctx context.Context) {
	ticker := time.NewTicker(g.m.cfg.AnnounceInterval)
	defer ticker.Stop()
	for {
		for _, r := range g.m.book.all() {
			if ctx.Err() != nil {
				return
			}
			if r.info.ID == g.m.id || r.info.Gossip == "" || g.isAlive(r.info.ID) {
				continue
			}
			if _, err := g.list.Join([]string{r.info.ID + "/" + r.info.Gossip}); err != nil {
				g.logger.Debug("member not met", zap.String("member", r.info.ID), zap.Error(err))
			}
		}
		g.m.node.health.retain(g.m.isMember)
		select {
		case <-ticker.C:
		case <-g.m.meet:
		case <-ctx.Done():
			return
		}
	}
}

// followKeys takes over changed keys until ctx ends.
func (g *gossip) followKeys(ctx context.Context) {
	if g.ring == nil {
		return
	}
	ticker := time.NewTicker(gossipKeysInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := g.useKeys(g.m.cfg.GossipKeys()); err != nil {
				g.logger.Error("changed gossip keys are not used", zap.Error(err))
			}
		case <-ctx.Done():
			return
		}
	}
}

func (g *gossip) isAlive(id string) bool {
	alive := g.alive.Load()
	return id == g.m.id || alive != nil && (*alive)[id]
}

func (g *gossip) aliveCount() int {
	if alive := g.alive.Load(); alive != nil {
		return len(*alive)
	}
	return 1
}

// leave tells the others that this node goes.
func (g *gossip) leave(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.list == nil || g.down { // memberlist panics when it leaves after a shutdown
		return
	}
	timeout := gossipLeaveTimeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline))
	}
	if timeout <= 0 {
		return
	}
	if err := g.list.Leave(timeout); err != nil {
		g.logger.Info("the others may learn late that this node leaves", zap.Error(err))
	}
}

func (g *gossip) shutdown() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = true
	// memberlist does not wait for its goroutines: what they still say is about a
	// node that has ended.
	defer g.lines.SetOutput(io.Discard)
	if g.list == nil {
		return g.transport.Shutdown()
	}
	return g.list.Shutdown()
}
