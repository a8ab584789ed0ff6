package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/cluster/failover"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// originHeader is the metadata of a call between nodes that says for whom it is
// made. It may be absent.
const originHeader = "mysqlda-origin-bin"

// itself is who changes what nobody has asked for.
const itself = "mysqlda"

type originKey struct{}

// WithOrigin says in a context who wants what is done with it, and from where. The
// audit trail names them with each change, whichever node makes it.
func WithOrigin(ctx context.Context, who, from string) context.Context {
	return context.WithValue(ctx, originKey{}, fsm.Origin{Who: who, From: from})
}

// OriginOf is what WithOrigin has said, as the audit trail would have it; "" without.
func OriginOf(ctx context.Context) (who, from string) {
	o, _ := originOf(ctx)
	o = o.Clipped()
	return o.Who, o.From
}

func originOf(ctx context.Context) (fsm.Origin, bool) {
	o, ok := ctx.Value(originKey{}).(fsm.Origin)
	return o, ok
}

// orItself is a context with an origin: that of ctx or, without one, this cluster
// itself, by a node of it.
func orItself(ctx context.Context, node string) context.Context {
	if _, ok := originOf(ctx); ok {
		return ctx
	}
	return WithOrigin(ctx, itself, node)
}

// sendOrigin has the next call to another node carry the origin.
func sendOrigin(ctx context.Context) context.Context {
	o, ok := originOf(ctx)
	if !ok {
		return ctx
	}
	encoded, err := proto.Marshal(o.Proto())
	if err != nil {
		return ctx // it has only clipped texts and a number, so this cannot be
	}
	return metadata.AppendToOutgoingContext(ctx, originHeader, string(encoded))
}

// receiveOrigin takes over the origin of a call.
func receiveOrigin(ctx context.Context, md metadata.MD) (context.Context, error) {
	sent := md.Get(originHeader)
	if len(sent) == 0 {
		return ctx, nil
	}
	p := new(fsmpb.Origin)
	if err := proto.Unmarshal([]byte(sent[0]), p); err != nil {
		return ctx, fmt.Errorf("the origin of the call cannot be read: %w", err)
	}
	o := fsm.OriginFromProto(p)
	return WithOrigin(ctx, o.Who, o.From), nil
}

// attribute adds the context's origin, if it has one, to a command's entry. While a
// node is of another release it does not: that node might not be able to read it.
func (m *member) attribute(ctx context.Context, entry []byte) ([]byte, error) {
	o, ok := originOf(ctx)
	if !ok {
		return entry, nil
	}
	if other, differs := m.otherRelease(); differs {
		m.logger.Warn("a change is not noted in the audit trail while a node is of another release",
			zap.String("member", other.ID), zap.String("release", other.Version), zap.String("who", o.Who), zap.String("from", o.From))
		return entry, nil
	}
	o.At = time.Now()
	return fsm.Attribute(entry, o)
}

// otherRelease returns a node that is of another release than this one.
func (m *member) otherRelease() (fsm.NodeInfo, bool) {
	nodes := m.machine.Nodes()
	i := slices.IndexFunc(nodes, func(n fsm.NodeInfo) bool { return n.Version != m.cfg.Version })
	if i < 0 {
		return fsm.NodeInfo{}, false
	}
	return nodes[i], true
}

// worthNoting is the context for a step of a switch: that it begins, ends or is given
// up is noted also when the cluster does it by itself.
func (m *member) worthNoting(ctx context.Context, command failover.Command) context.Context {
	switch c := command.(type) {
	case fsm.BeginSwitch, fsm.CancelSwitch:
		return orItself(ctx, m.id)
	case fsm.AdvanceSwitch:
		if c.Next == fsm.SwitchActive {
			return orItself(ctx, m.id)
		}
	}
	return ctx
}
