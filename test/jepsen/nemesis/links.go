package nemesis

import (
	"context"
	"fmt"
	"time"

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
	kib := 1 + s.Random.IntN(20)
	l := someLinks(s, ctx)
	return s.harmFor(ctx, fmt.Sprintf("%d KiB/s", kib), l, between(s.Random, minCut, maxCut), func(ctx context.Context) (hosts.Mend, error) {
		return s.Cluster.Network.Narrow(ctx, kib, l)
	})
}

// How slow a link can be.
const minSlow, maxSlow = 5 * time.Millisecond, time.Second

// slow has packets take longer over links for a time.
func slow(ctx context.Context, s *Site) error {
	delay := between(s.Random, minSlow, maxSlow)
	jitter := between(s.Random, 0, delay)
	l := someLinks(s, ctx)
	kind := fmt.Sprintf("%d to %d ms slower", delay.Milliseconds(), (delay + jitter).Milliseconds())
	return s.harmFor(ctx, kind, l, between(s.Random, minCut, maxCut), func(ctx context.Context) (hosts.Mend, error) {
		return s.Cluster.Network.Delay(ctx, l, delay, jitter, s.Random)
	})
}
