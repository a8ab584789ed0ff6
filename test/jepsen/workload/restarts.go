package workload

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
)

const (
	betweenRestarts = 4 * time.Second
	stopTimeout     = 30 * time.Second
)

// restart stops members one after the other and starts them again, some of them with
// other addresses.
func restart(ctx context.Context, s *stage) error {
	o := s.operator()
	for next := 0; o.rest(ctx, betweenRestarts); next++ {
		members := o.Cluster.Members()
		if len(members) == 0 {
			continue
		}
		n := members[next%len(members)]
		release, ok := n.Claim()
		if !ok {
			continue // somebody else has it in hand
		}
		err := o.restart(context.WithoutCancel(ctx), n)
		release()
		if err != nil {
			return err
		}
	}
	return nil
}

// restart leaves the node running, unless it ended by itself.
func (o *operator) restart(ctx context.Context, n *cluster.Node) error {
	if !n.Running() {
		return nil
	}
	moved := o.random.IntN(3) == 0
	o.Recorder.Note("node %s is restarted, with other addresses: %t", n.ID, moved)
	stopping, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if err := n.Stop(stopping); err != nil {
		o.Recorder.Note("node %s was asked to end: %v", n.ID, err)
		if stopping.Err() != nil {
			o.Recorder.Complain(n.ID, "it did not end within %s after it was told to", stopTimeout)
		}
	}
	if moved {
		other, err := o.elsewhere(n.Addresses())
		if err != nil {
			return err
		}
		if err := n.SetAddresses(other); err != nil {
			return fmt.Errorf("give node %s other addresses: %w", n.ID, err)
		}
	}
	if err := o.Cluster.Start(ctx, n); err != nil {
		return fmt.Errorf("start node %s again: %w", n.ID, err)
	}
	ready, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := n.WaitReady(ready); err != nil {
		// It may be cut off from all others.
		o.Recorder.Note("node %s is not ready after its restart: %v", n.ID, err)
	}
	return nil
}

// elsewhere returns other addresses on the same host; twice elsewhere is where it was
// at first, if the node has a host of its own.
func (o *operator) elsewhere(a harness.Addresses) (harness.Addresses, error) {
	if o.Cluster.Network == nil {
		return harness.FreeAddresses()
	}
	for _, address := range []*string{&a.MySQL, &a.Cluster, &a.Gossip, &a.HTTP} {
		host, port, err := net.SplitHostPort(*address)
		if err != nil {
			return a, fmt.Errorf("move a node: %w", err)
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			return a, fmt.Errorf("move a node: %w", err)
		}
		if slices.Contains([]int{cluster.MySQLPort, cluster.ClusterPort, cluster.GossipPort, cluster.HTTPPort}, number) {
			number += cluster.Elsewhere
		} else {
			number -= cluster.Elsewhere
		}
		*address = net.JoinHostPort(host, strconv.Itoa(number))
	}
	return a, nil
}
