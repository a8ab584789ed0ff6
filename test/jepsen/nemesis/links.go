package nemesis

import (
	"context"
	"fmt"

	"github.com/mysqlda/mysqlda/test/harness/hosts"
)

// someLinks are all links between members, or those of one of the kinds that are cut.
func someLinks(s *Site, ctx context.Context) []hosts.Link {
	kinds := []links{everyLink, anyLinks, aroundLeader}
	return kinds[s.Random.IntN(len(kinds))](s, ctx)
}

// lose has links lose some of their packets for a time.
func lose(ctx context.Context, s *Site) error {
	percent := 2 + s.Random.IntN(40)
	l := someLinks(s, ctx)
	return s.harmFor(ctx, fmt.Sprintf("lose %d%%", percent), l, between(s.Random, minCut, maxCut), func(ctx context.Context) (hosts.Mend, error) {
		return s.Cluster.Network.Lose(ctx, percent, l)
	})
}

// narrow has links lose what is more than a little for a time.
func narrow(ctx context.Context, s *Site) error {
	kib := 4 + s.Random.IntN(60)
	l := someLinks(s, ctx)
	return s.harmFor(ctx, fmt.Sprintf("%d KiB/s", kib), l, between(s.Random, minCut, maxCut), func(ctx context.Context) (hosts.Mend, error) {
		return s.Cluster.Network.Narrow(ctx, kib, l)
	})
}
