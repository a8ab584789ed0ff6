package nemesis

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/wait"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// TestAPortIsCutWhereverANodeHasIt cuts one between two hosts, and asks for it where a
// node has it at first and where it may have it later.
func TestAPortIsCutWhereverANodeHasIt(t *testing.T) {
	t.Parallel()
	n := hosts.ForTest(t, "n1", "n2")
	c := &cluster.Cluster{Network: n}
	for _, name := range []string{"n1", "n2"} {
		node := &cluster.Node{Host: n.Host(name)}
		node.SetMember(true)
		c.Nodes = append(c.Nodes, node)
	}
	places := []int{cluster.ClusterPort, cluster.ClusterPort + cluster.Elsewhere}
	for _, port := range append(places, cluster.GossipPort) {
		listen(t, n.Host("n2"), port)
	}
	reach := func(port int) error {
		return n.Host("n1").Within(func() error {
			c, err := net.DialTimeout("tcp", net.JoinHostPort(n.Host("n2").IP, strconv.Itoa(port)), 100*time.Millisecond)
			if err != nil {
				return err
			}
			return c.Close()
		})
	}

	ctx, heal := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		result <- cutPort(cluster.ClusterPort)(ctx, &Site{Cluster: c, Recorder: history.NewRecorder(), Random: cuttingEveryLink()})
	}()
	waiting, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err := wait.For(waiting, "the port is cut", func(context.Context) error {
		for _, port := range places {
			if reach(port) == nil {
				return errors.New("port " + strconv.Itoa(port) + " is reached")
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := reach(cluster.GossipPort); err != nil {
		t.Errorf("another port is cut: %v", err)
	}
	heal()
	if err := <-result; err != nil {
		t.Error(err)
	}
	for _, port := range places {
		if err := reach(port); err != nil {
			t.Errorf("a port stays cut: %v", err)
		}
	}
}

// cuttingEveryLink is randomness with which someLinks asks for no leader.
func cuttingEveryLink() *rand.Rand {
	for seed := uint64(0); ; seed++ {
		if rand.New(rand.NewPCG(seed, 0)).IntN(3) == 0 {
			return rand.New(rand.NewPCG(seed, 0))
		}
	}
}

// listen takes connections in, as the kernel does, until the test ends.
func listen(t *testing.T, h *hosts.Host, port int) {
	t.Helper()
	err := h.Within(func() error {
		l, err := net.Listen("tcp", net.JoinHostPort(h.IP, strconv.Itoa(port)))
		if err == nil {
			t.Cleanup(func() { l.Close() })
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
