package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/zap"
)

const patience = 10 * time.Second

func listen(t *testing.T, nodeID string) *Mux {
	t.Helper()
	m, err := Listen(context.Background(), Config{
		Address: "127.0.0.1:0", NodeID: nodeID, Logger: zap.NewNop(), Registerer: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return m
}

func greet(t *testing.T, m *Mux, p preamble) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := (*Security)(nil).dial(ctx, m.Addr().String(), p, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// hungUp waits until the other side closes conn and reports whether it did.
func hungUp(conn net.Conn) bool {
	_, err := conn.Read(make([]byte, 1))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

func TestFirstBytePicksTheService(t *testing.T) {
	m := listen(t, "n1")
	cluster := NewClusterID()
	m.SetCluster(cluster)
	for service, p := range map[Service]preamble{
		Raft: {service: Raft, cluster: cluster, target: "n1"},
		RPC:  {service: RPC},
	} {
		conn := greet(t, m, p)
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		accepted, err := m.Listener(service).Accept()
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(accepted, got); err != nil || string(got) != "hello" {
			t.Errorf("%s: %q, %v", service, got, err)
		}
		if err := accepted.Close(); err != nil {
			t.Error(err)
		}
	}
}

// count returns how many connections were refused for a reason.
func count(t *testing.T, m *Mux, reason string) float64 {
	t.Helper()
	var metric dto.Metric
	if err := m.metrics.refused.WithLabelValues(reason).Write(&metric); err != nil {
		t.Fatal(err)
	}
	return metric.GetCounter().GetValue()
}

func TestStrangersAreTurnedAway(t *testing.T) {
	m := listen(t, "n1")
	cluster := NewClusterID()
	refused := func(reason string, p preamble) {
		t.Helper()
		before := count(t, m, reason)
		conn := greet(t, m, p)
		if !hungUp(conn) {
			t.Errorf("%s: the connection is still open", reason)
		}
		if n := count(t, m, reason) - before; n != 1 {
			t.Errorf("%s: counted %v times", reason, n)
		}
	}
	right := preamble{service: Raft, cluster: cluster, target: "n1"}
	refused("no_cluster", right)
	m.SetCluster(cluster)
	refused("other_cluster", preamble{service: Raft, cluster: NewClusterID(), target: "n1"})
	refused("other_node", preamble{service: Raft, cluster: cluster, target: "n2"})
	refused("garbage", preamble{service: 'X'})
}

func TestSilentConnectionsMakeRoom(t *testing.T) {
	m := listen(t, "n1")
	oldest, err := net.Dial("tcp", m.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer oldest.Close()
	for range MaxPending {
		conn, err := net.Dial("tcp", m.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if err := oldest.SetReadDeadline(time.Now().Add(PreambleTimeout / 2)); err != nil {
		t.Fatal(err)
	}
	if !hungUp(oldest) {
		t.Error("the oldest silent connection was not closed")
	}
	greet(t, m, preamble{service: RPC})
	if _, err := m.Listener(RPC).Accept(); err != nil {
		t.Errorf("one that speaks: %v", err)
	}
}

func TestConnectionsOfAServiceAreBounded(t *testing.T) {
	m := listen(t, "n1")
	var last net.Conn
	for range MaxConnections {
		greet(t, m, preamble{service: RPC})
		conn, err := m.Listener(RPC).Accept()
		if err != nil {
			t.Fatal(err)
		}
		last = conn
	}
	extra := greet(t, m, preamble{service: RPC})
	if !hungUp(extra) {
		t.Error("one too many was let in")
	}
	if err := last.Close(); err != nil {
		t.Fatal(err)
	}
	greet(t, m, preamble{service: RPC})
	if _, err := m.Listener(RPC).Accept(); err != nil {
		t.Errorf("after one was closed: %v", err)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	m := listen(t, "n1")
	conn := greet(t, m, preamble{service: RPC})
	if _, err := m.Listener(RPC).Accept(); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if !hungUp(conn) {
		t.Error("an accepted connection is still open")
	}
	if _, err := m.Listener(RPC).Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after close: %v", err)
	}
}
