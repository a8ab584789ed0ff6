package cluster

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

const (
	// maxPositionLen bounds a position in a replication stream, in bytes. A longer
	// one is not told at all: half of it would be another position.
	maxPositionLen = 64 << 10
	// maxWordLen bounds versions and ids of servers, in bytes.
	maxWordLen = 256
)

func observationProto(o topology.Observation) *clusterpb.Observation {
	p := &clusterpb.Observation{
		Address: o.Address, AgeNs: int64(o.Age), Known: o.Known, Reachable: o.Reachable,
		LastError: fsm.ClipReason(o.LastError), Facts: factsProto(o.Facts),
	}
	if n := longestPosition(o.Facts); n > maxPositionLen {
		p.LastError = fmt.Sprintf("a position in its replication stream has %d bytes, at most %d are told to other nodes", n, maxPositionLen)
	}
	return p
}

func observationFromProto(p *clusterpb.Observation) topology.Observation {
	return topology.Observation{
		Address: p.GetAddress(), Age: time.Duration(max(p.GetAgeNs(), 0)), Known: p.GetKnown(), Reachable: p.GetReachable(),
		LastError: p.GetLastError(), Facts: factsFromProto(p.GetFacts()),
	}
}

func longestPosition(f topology.Facts) int {
	n := max(len(f.Executed), len(f.History))
	if f.Source != nil {
		n = max(n, len(f.Source.Received))
	}
	return n
}

func factsProto(f topology.Facts) *clusterpb.Facts {
	return &clusterpb.Facts{
		Flavour: clusterpb.Flavour(f.Flavour), Version: clip(f.Version, maxWordLen), Id: clip(f.ID, maxWordLen),
		ReadOnly: f.ReadOnly, Feeds: f.Feeds,
		Executed: position(f.Executed), History: position(f.History),
		SemiSync: &clusterpb.SemiSync{
			SourceEnabled: f.SemiSync.SourceEnabled, SourceActive: f.SemiSync.SourceActive,
			TimeoutNs: int64(f.SemiSync.Timeout), Acks: uint32(min(max(f.SemiSync.Acks, 0), math.MaxInt32)),
			ReplicaEnabled: f.SemiSync.ReplicaEnabled,
		},
		Source: sourceProto(f.Source),
	}
}

func factsFromProto(p *clusterpb.Facts) topology.Facts {
	semi := p.GetSemiSync()
	return topology.Facts{
		Flavour: flavourFromProto(p.GetFlavour()), Version: p.GetVersion(), ID: p.GetId(),
		ReadOnly: p.GetReadOnly(), Feeds: p.GetFeeds(),
		Executed: p.GetExecuted(), History: p.GetHistory(),
		SemiSync: topology.SemiSync{
			SourceEnabled: semi.GetSourceEnabled(), SourceActive: semi.GetSourceActive(),
			Timeout: time.Duration(semi.GetTimeoutNs()), Acks: int(semi.GetAcks()),
			ReplicaEnabled: semi.GetReplicaEnabled(),
		},
		Source: sourceFromProto(p.GetSource()),
	}
}

func flavourFromProto(f clusterpb.Flavour) topology.Flavour {
	if f < 0 || f > clusterpb.Flavour(topology.MySQL) {
		return topology.UnknownFlavour
	}
	return topology.Flavour(f)
}

func sourceProto(s *topology.Source) *clusterpb.Source {
	if s == nil {
		return nil
	}
	p := &clusterpb.Source{
		Address: clip(s.Address, maxWordLen+fsm.MaxAddressLen), Id: clip(s.ID, maxWordLen),
		Receiving: s.Receiving, Applying: s.Applying,
		Received: position(s.Received), UsesGtid: s.UsesGTID, LastError: fsm.ClipReason(s.LastError),
	}
	if s.LagKnown {
		lag := int64(s.Lag)
		p.LagNs = &lag
	}
	return p
}

func sourceFromProto(p *clusterpb.Source) *topology.Source {
	if p == nil {
		return nil
	}
	return &topology.Source{
		Address: p.GetAddress(), ID: p.GetId(), Receiving: p.GetReceiving(), Applying: p.GetApplying(),
		Lag: time.Duration(p.GetLagNs()), LagKnown: p.LagNs != nil,
		Received: p.GetReceived(), UsesGTID: p.GetUsesGtid(), LastError: p.GetLastError(),
	}
}

func operationProto(op topology.Operation, term uint64) *clusterpb.OperateRequest {
	return &clusterpb.OperateRequest{
		Term: term, Kind: clusterpb.OperationKind(op.Kind), Server: op.Server, ReadOnly: op.ReadOnly,
		Position: op.Position, Source: op.Source, TimeoutNs: int64(op.Timeout),
	}
}

func operationFromProto(p *clusterpb.OperateRequest) (topology.Operation, error) {
	kind := p.GetKind()
	switch {
	case kind <= 0 || kind > clusterpb.OperationKind(topology.Follow):
		return topology.Operation{}, fmt.Errorf("operation %d is of a kind that this release does not know: upgrade this node", kind)
	case len(p.GetServer()) > fsm.MaxAddressLen || len(p.GetSource()) > fsm.MaxAddressLen:
		return topology.Operation{}, fmt.Errorf("an address has more than %d bytes", fsm.MaxAddressLen)
	}
	return topology.Operation{
		Kind: topology.OperationKind(kind), Server: p.GetServer(), ReadOnly: p.GetReadOnly(),
		Position: p.GetPosition(), Source: p.GetSource(), Timeout: time.Duration(p.GetTimeoutNs()),
	}, nil
}

// position returns "" for a position that is too long.
func position(p string) string {
	if len(p) > maxPositionLen {
		return ""
	}
	return strings.ToValidUTF8(p, "?")
}

// clip shortens what is read by people only.
func clip(s string, n int) string { return strings.ToValidUTF8(s[:min(n, len(s))], "") }
