package cluster

import (
	"fmt"

	"github.com/hashicorp/memberlist"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
)

// maxHealthBacklog is how many broadcasts of health may wait; beyond it the
// oldest are dropped, and the next complete exchange carries them.
const maxHealthBacklog = 4096

// Memberlist calls these methods from its own goroutines and waits for them:
// none of them blocks, or calls memberlist.
var (
	_ memberlist.Delegate      = (*gossip)(nil)
	_ memberlist.EventDelegate = (*gossip)(nil)
	_ memberlist.AliveDelegate = (*gossip)(nil)
)

// setAlive notes whether a node is alive. Memberlist calls it for one event at
// a time.
func (g *gossip) setAlive(id string, alive bool) {
	next := make(map[string]bool)
	if old := g.alive.Load(); old != nil {
		for other := range *old {
			next[other] = true
		}
	}
	delete(next, id)
	if alive {
		next[id] = true
	}
	g.alive.Store(&next)
}

// NotifyAlive implements memberlist.AliveDelegate: what no member would say of
// itself is ignored. Memberlist takes a node without a name or with any version
// of its protocol into its list, and with such a one there refuses all complete
// exchanges, so that no other node is met any more.
func (g *gossip) NotifyAlive(node *memberlist.Node) error {
	const delegates = 0 // version of what this package sends; memberlist's default
	if node.PCur != memberlist.ProtocolVersion2Compatible || node.PMin > node.PCur || node.PMax < node.PCur ||
		node.DMin != delegates || node.DMax != delegates || node.DCur != delegates {
		return fmt.Errorf("it speaks version %d.%d of gossip, this node %d.%d", node.PCur, node.DCur, memberlist.ProtocolVersion2Compatible, delegates)
	}
	_, err := described(node)
	return err
}

// NotifyJoin implements memberlist.EventDelegate.
func (g *gossip) NotifyJoin(node *memberlist.Node) {
	g.setAlive(node.Name, true)
	if node.Name == g.m.id {
		return
	}
	g.hear(node)
	g.logger.Info("member is alive", zap.String("member", node.Name), zap.String("gossip", node.Address()))
}

// NotifyLeave implements memberlist.EventDelegate.
func (g *gossip) NotifyLeave(node *memberlist.Node) {
	g.setAlive(node.Name, false)
	if node.Name == g.m.id || g.m.ctx.Err() != nil {
		return // this node says goodbye itself; memberlist's timers outlive it
	}
	g.logger.Info("member is gone", zap.String("member", node.Name), zap.String("gossip", node.Address()))
}

// NotifyUpdate implements memberlist.EventDelegate.
func (g *gossip) NotifyUpdate(node *memberlist.Node) {
	if node.Name != g.m.id {
		g.hear(node)
	}
}

// hear takes in how a node describes itself in gossip.
func (g *gossip) hear(node *memberlist.Node) {
	r, err := described(node)
	if err != nil {
		g.logger.Warn("a member is not heard", zap.String("member", node.Name), zap.Error(err))
		return
	}
	g.m.gossiped(r)
}

// described reads how a node describes itself.
func described(node *memberlist.Node) (record, error) {
	p := new(clusterpb.Member)
	if err := proto.Unmarshal(node.Meta, p); err != nil {
		return record{}, fmt.Errorf("its description cannot be read: %w", err)
	}
	r, err := recordFromProto(p)
	if err != nil {
		return record{}, fmt.Errorf("its description is wrong: %w", err)
	}
	if r.info.ID != node.Name {
		return record{}, fmt.Errorf("its description is of %q", r.info.ID)
	}
	return r, nil
}

// NodeMeta implements memberlist.Delegate.
func (g *gossip) NodeMeta(int) []byte { return g.meta }

// NotifyMsg implements memberlist.Delegate. It must not block.
func (g *gossip) NotifyMsg(msg []byte) {
	p := new(clusterpb.Health)
	if err := proto.Unmarshal(msg, p); err != nil {
		g.logger.Debug("a gossip message cannot be read", zap.Error(err))
		return
	}
	g.m.node.health.merge(p)
}

// GetBroadcasts implements memberlist.Delegate.
func (g *gossip) GetBroadcasts(overhead, limit int) [][]byte {
	return g.queue.GetBroadcasts(overhead, limit)
}

// LocalState implements memberlist.Delegate.
func (g *gossip) LocalState(bool) []byte {
	state, err := proto.Marshal(g.m.node.health.all())
	if err != nil {
		g.logger.Warn("health is not exchanged", zap.Error(err))
		return nil
	}
	return state
}

// MergeRemoteState implements memberlist.Delegate.
func (g *gossip) MergeRemoteState(state []byte, _ bool) {
	p := new(clusterpb.HealthExchange)
	if err := proto.Unmarshal(state, p); err != nil {
		g.logger.Warn("another node's health exchange cannot be read", zap.Error(err))
		return
	}
	for _, h := range p.GetNodes() {
		g.m.node.health.merge(h)
	}
}

func (g *gossip) broadcastHealth(news []*clusterpb.Health) {
	for _, h := range news {
		msg, err := proto.Marshal(h)
		if err != nil {
			g.logger.Warn("health is not broadcast", zap.Error(err))
			continue
		}
		g.queue.QueueBroadcast(healthBroadcast{server: h.GetServers()[0].GetAddress(), msg: msg})
	}
	if g.queue.NumQueued() > 0 { // Prune of a queue that was never used panics
		g.queue.Prune(maxHealthBacklog)
	}
}

// healthBroadcast is news of one server; newer news of it replaces older.
type healthBroadcast struct {
	server string
	msg    []byte
}

var _ memberlist.NamedBroadcast = healthBroadcast{}

// Name implements memberlist.NamedBroadcast.
func (b healthBroadcast) Name() string { return b.server }

// Invalidates implements memberlist.Broadcast.
func (b healthBroadcast) Invalidates(other memberlist.Broadcast) bool {
	o, ok := other.(healthBroadcast)
	return ok && o.server == b.server
}

// Message implements memberlist.Broadcast.
func (b healthBroadcast) Message() []byte { return b.msg }

// Finished implements memberlist.Broadcast.
func (healthBroadcast) Finished() {}
