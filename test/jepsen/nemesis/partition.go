package nemesis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
)

// How long links stay cut: sometimes too short to be noticed, sometimes long enough
// for elections on both sides.
const (
	minCut, maxCut       = 500 * time.Millisecond, 12 * time.Second
	minFlicker, maxFlick = 50 * time.Millisecond, time.Second
	minReign, maxReign   = 2 * time.Second, 5 * time.Second // a new leader is elected within
	minChurn, maxChurn   = 8 * time.Second, 20 * time.Second
)

// links chooses links of a network.
type links func(s *Site, ctx context.Context) []hosts.Link

// The links that a strike cuts.
var (
	betweenHalves links = func(s *Site, _ context.Context) []hosts.Link {
		smaller, larger := hosts.Halves(s.hosts())
		return hosts.Between(smaller, larger)
	}
	// Every node reaches a majority, and no two of them the same one. It takes five.
	aroundRing   links = func(s *Site, _ context.Context) []hosts.Link { return hosts.MajorityRing(s.hosts()) }
	aroundBridge links = func(s *Site, _ context.Context) []hosts.Link { return hosts.AroundBridge(s.hosts()) }
	oneWay       links = func(s *Site, _ context.Context) []hosts.Link {
		smaller, larger := hosts.Halves(s.hosts())
		if s.Random.IntN(2) == 0 {
			smaller, larger = larger, smaller
		}
		return hosts.OneWay(smaller, larger)
	}
	aSingleLink links = func(s *Site, _ context.Context) []hosts.Link {
		h := s.hosts()
		if len(h) < 2 {
			return nil
		}
		return hosts.Between(h[:1], h[1:2])
	}
	aroundLeader links = func(s *Site, ctx context.Context) []hosts.Link { return s.aroundLeader(ctx, hosts.Between) }
	// A leader that is heard and hears nothing, or the other way round.
	halfLeader links = func(s *Site, ctx context.Context) []hosts.Link {
		out := s.Random.IntN(2) == 0
		return s.aroundLeader(ctx, func(leader, rest []*hosts.Host) []hosts.Link {
			if out {
				return hosts.OneWay(leader, rest)
			}
			return hosts.OneWay(rest, leader)
		})
	}
	everyLink links = func(s *Site, _ context.Context) []hosts.Link {
		h := s.hosts()
		return hosts.OneWay(h, h) // with all of themselves that is both ways
	}
	// Any of the kinds above that needs no leader.
	anyLinks links = func(s *Site, ctx context.Context) []hosts.Link {
		kinds := []links{betweenHalves, aroundBridge, oneWay, aSingleLink}
		return kinds[s.Random.IntN(len(kinds))](s, ctx)
	}
)

// hosts are the members' hosts in a random order.
func (s *Site) hosts() []*hosts.Host {
	members := s.Cluster.Members()
	var found []*hosts.Host
	for _, i := range s.Random.Perm(len(members)) {
		found = append(found, members[i].Host)
	}
	return found
}

func (s *Site) aroundLeader(ctx context.Context, way func(leader, rest []*hosts.Host) []hosts.Link) []hosts.Link {
	leader, err := s.Cluster.Leader(ctx)
	if err != nil {
		return nil // while none is elected there is none to cut off
	}
	var rest []*hosts.Host
	for _, h := range s.hosts() {
		if h != leader.Host {
			rest = append(rest, h)
		}
	}
	return way([]*hosts.Host{leader.Host}, rest)
}

// cut cuts links for a time; with ports, for these only.
func cut(chosen links, ports ...int) func(context.Context, *Site) error {
	return func(ctx context.Context, s *Site) error {
		l := chosen(s, ctx)
		return s.severFor(ctx, l, between(s.Random, minCut, maxCut), ports...)
	}
}

// cutPort cuts a port of all links between members, or of some. A node may move to its
// other ports meanwhile, or be there already: these are cut, too.
func cutPort(port int) func(context.Context, *Site) error {
	return cut(someLinks, cluster.Places(port)...)
}

// severFor cuts links for a time.
func (s *Site) severFor(ctx context.Context, l []hosts.Link, length time.Duration, ports ...int) error {
	return s.harmFor(ctx, "cut", l, length, func(ctx context.Context) (hosts.Mend, error) {
		return s.Cluster.Network.Sever(ctx, l, ports...)
	})
}

// harmFor harms links for a time.
func (s *Site) harmFor(ctx context.Context, kind string, l []hosts.Link, length time.Duration, harm func(context.Context) (hosts.Mend, error)) error {
	if len(l) == 0 {
		return nil
	}
	injuring, done := bounded(ctx)
	defer done()
	healed := s.injured(kind, words(l))
	mend, err := harm(injuring)
	if err != nil {
		return err
	}
	hold(ctx, length)
	healing, done := bounded(ctx)
	defer done()
	err = mend(healing)
	healed()
	return err
}

// flap cuts the same links again and again.
func flap(ctx context.Context, s *Site) error {
	l := anyLinks(s, ctx)
	end := time.Now().Add(between(s.Random, 2*time.Second, maxCut))
	var errs []error
	for time.Now().Before(end) && ctx.Err() == nil {
		errs = append(errs, s.severFor(ctx, l, between(s.Random, minFlicker, maxFlick)))
		hold(ctx, between(s.Random, minFlicker, maxFlick))
	}
	return errors.Join(errs...)
}

// churn cuts off one leader after the other, with moments between in which it may
// answer what was asked before.
func churn(ctx context.Context, s *Site) error {
	end := time.Now().Add(between(s.Random, minChurn, maxChurn))
	var errs []error
	for time.Now().Before(end) && ctx.Err() == nil {
		errs = append(errs, s.severFor(ctx, aroundLeader(s, ctx), between(s.Random, minReign, maxReign)))
		hold(ctx, between(s.Random, minFlicker, maxFlick))
	}
	return errors.Join(errs...)
}

// words writes links as "n1>n2 n2>n1", and long lists as the number of links.
func words(l []hosts.Link) string {
	const most = 12
	if len(l) > most {
		return fmt.Sprintf("%d links", len(l))
	}
	var all []string
	for _, link := range l {
		all = append(all, link.From.Name+">"+link.To.Name)
	}
	return strings.Join(all, " ")
}
