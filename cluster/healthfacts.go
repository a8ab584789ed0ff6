package cluster

import (
	"math"
	"math/bits"
	"time"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

// lagInterval is the least time between two broadcasts of one server that have
// nothing to tell but another lag.
const lagInterval = 5 * time.Second

// ServerFacts are the coarse ones of what a server has said of itself when it last
// answered. Who decides on an active server asks for all of them.
type ServerFacts struct {
	Known    bool // without it the rest means nothing
	ReadOnly bool
	// Source is the address of the server that it replicates from, as the replica
	// was told, "" for none; at most fsm.MaxAddressLen bytes. The rest is about that.
	Source              string
	Receiving, Applying bool
	// Lag is how far its data is behind the source's, in whole seconds; meaningful
	// if LagKnown. Other nodes hear of a lag that is half or twice as large, and not
	// at once.
	Lag      time.Duration
	LagKnown bool
}

// told returns the facts as they are gossiped.
func (f ServerFacts) told() ServerFacts {
	if !f.Known {
		return ServerFacts{}
	}
	if f.Source == "" || len(f.Source) > fsm.MaxAddressLen {
		return ServerFacts{Known: true, ReadOnly: f.ReadOnly}
	}
	if f.LagKnown {
		f.Lag = min(max(f.Lag, 0), math.MaxUint32*time.Second).Truncate(time.Second)
	} else {
		f.Lag = 0
	}
	return f
}

// butLag returns the facts without those that change all the time.
func (f ServerFacts) butLag() ServerFacts {
	f.Lag, f.LagKnown = 0, false
	return f
}

// magnitude is the same for lags that are not worth telling apart.
func (f ServerFacts) magnitude() int {
	if !f.LagKnown {
		return -1
	}
	return bits.Len64(uint64(f.Lag / time.Second))
}

// news reports whether the others should learn of what a server has said, when
// they were told of it that long ago last.
func (f ServerFacts) news(now ServerFacts, ago time.Duration) bool {
	return f.butLag() != now.butLag() || f.magnitude() != now.magnitude() && ago >= lagInterval
}

func (f ServerFacts) proto() *clusterpb.ServerFacts {
	if !f.Known {
		return nil
	}
	p := &clusterpb.ServerFacts{ReadOnly: f.ReadOnly, Source: f.Source, Receiving: f.Receiving, Applying: f.Applying}
	if f.LagKnown {
		lag := uint32(f.Lag / time.Second)
		p.LagSeconds = &lag
	}
	return p
}

func serverFactsFromProto(p *clusterpb.ServerFacts) ServerFacts {
	if p == nil {
		return ServerFacts{}
	}
	return ServerFacts{
		Known: true, ReadOnly: p.GetReadOnly(), Source: p.GetSource(), Receiving: p.GetReceiving(), Applying: p.GetApplying(),
		Lag: time.Duration(p.GetLagSeconds()) * time.Second, LagKnown: p.LagSeconds != nil,
	}.told()
}
