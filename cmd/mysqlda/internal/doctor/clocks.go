package doctor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// maxClockOffset is how far two clocks may differ. Nothing is lost beyond it, since
// leases go by another clock: times in logs and in certificates are what suffers. A
// node tells its time in whole seconds, so less is not seen.
const maxClockOffset = 3 * time.Second

// clockChecks compares this machine's clock with those of the other nodes.
func clockChecks(ctx context.Context, v *view) []Finding {
	others := v.others()
	found := make([]Finding, len(others))
	var asked sync.WaitGroup
	for i, n := range others {
		asked.Go(func() { found[i] = v.clockCheck(ctx, n) })
	}
	asked.Wait()
	return found
}

func (v *view) clockCheck(ctx context.Context, n admin.NodeStatus) Finding {
	check := "clock of node " + n.ID
	offset, within, err := clockOffset(ctx, admin.NewClient(n.HTTP, v.forOthers()))
	switch {
	case err != nil && private(n.HTTP):
		return ok(check, "not compared: its HTTP address is one of its own machine only")
	case err != nil:
		return warning(check, fmt.Sprintf("not compared: %v", err), "let TCP through from this machine to "+n.HTTP+", or compare the clocks yourself")
	}
	return judgeClock(check, offset, within)
}

func judgeClock(check string, offset, within time.Duration) Finding {
	if offset.Abs() > maxClockOffset+within {
		return warning(check, fmt.Sprintf("it differs from here by %s, give or take %s", offset.Round(time.Second), within.Round(time.Millisecond)),
			fmt.Sprintf("have all machines follow a time server; beyond %s logs cannot be put in order and certificates may seem invalid", maxClockOffset))
	}
	return ok(check, "it differs by less than %s", maxClockOffset+within.Round(time.Second))
}

// clockOffset is how far the clock of the node that client asks is ahead of here,
// and how uncertain that is.
func clockOffset(ctx context.Context, client *admin.Client) (offset, within time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	asked := time.Now()
	told, err := client.Clock(ctx)
	if err != nil {
		return 0, 0, err
	}
	took := time.Since(asked)
	// It is cut to a second, so half a second later on average.
	const half = time.Second / 2
	return told.Add(half).Sub(asked.Add(took / 2)), half + took/2, nil
}
