package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestNothingRunsAfterClose(t *testing.T) {
	ours := func() []string {
		buf := make([]byte, 4<<20)
		var list []string
		for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			for _, name := range []string{"mysqlda/cluster", "hashicorp/", "google.golang.org/grpc", "bbolt"} {
				if strings.Contains(g, name) && !strings.Contains(g, "testing.tRunner") {
					list = append(list, g)
					break
				}
			}
		}
		return list
	}
	eventually(t, "earlier tests to end", func() error {
		if left := ours(); len(left) > 0 {
			return fmt.Errorf("%d goroutines", len(left))
		}
		return nil
	})
	nodes := startCluster(t, 3, nil)
	lonely := openNode(t, fastConfig(t, "lonely"))
	events := nodes[0].Watch(context.Background())
	for i, n := range nodes {
		resolve1(t, n, fmt.Sprintf("object-%d", i))
	}
	if len(ours()) == 0 {
		t.Fatal("the goroutines of a running cluster were not found")
	}
	for _, n := range append(nodes, lonely) {
		closeNode(t, n)
	}
	for range events { //nolint:revive // until it is closed
	}
	eventually(t, "all goroutines to end", func() error {
		if left := ours(); len(left) > 0 {
			return fmt.Errorf("%d goroutines, the first:\n%s", len(left), left[0])
		}
		return nil
	})
}

func TestCloseReleasesThoseWhoWait(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, nil)
	leader, others := split(t, nodes)
	kill(t, leader)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			_, err := others[0].Resolve(context.Background(), fmt.Sprintf("object-%d", i))
			if !errors.Is(err, ErrClosed) && !errors.Is(err, fsm.ErrNoLeader) {
				t.Errorf("%v", err)
			}
		})
	}
	closeNode(t, others[0])
	wg.Wait()
	if _, err := others[0].Resolve(within(t, patience), "late"); !errors.Is(err, ErrClosed) {
		t.Errorf("after close: %v", err)
	}
	if err := others[0].Join(within(t, patience), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("join after close: %v", err)
	}
}
