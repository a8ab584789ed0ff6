package nemesis

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// reaches tells whether a host hears from another one, on which nothing listens.
func reaches(from, to *hosts.Host) bool {
	err := from.Within(func() error {
		c, err := net.DialTimeout("tcp", net.JoinHostPort(to.IP, "7000"), 500*time.Millisecond)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	return errors.Is(err, syscall.ECONNREFUSED)
}

func TestACutIsMendedWhenTheTimeIsOverAndNoOther(t *testing.T) {
	t.Parallel()
	n := hosts.ForTest(t, "a", "b", "c")
	a, b, c := n.Host("a"), n.Host("b"), n.Host("c")
	s := &Site{Cluster: &cluster.Cluster{Network: n}, Recorder: history.NewRecorder()}
	if _, err := n.Sever(t.Context(), hosts.Between([]*hosts.Host{a}, []*hosts.Host{c})); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- s.severFor(ctx, hosts.Between([]*hosts.Host{a}, []*hosts.Host{b}), time.Hour) }()
	deadline := time.Now().Add(10 * time.Second)
	for reaches(a, b) {
		if time.Now().After(deadline) {
			t.Error("nothing is cut")
			break
		}
	}
	end()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if !reaches(a, b) {
		t.Error("the link is still cut")
	}
	if reaches(a, c) {
		t.Error("another cut is mended")
	}
	if f := s.Recorder.Faults(); len(f) != 1 || f[0].To <= f[0].From || f[0].Target != "a>b b>a" {
		t.Errorf("recorded: %+v", f)
	}
}
