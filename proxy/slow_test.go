package proxy_test

import (
	"runtime"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/proxy"
)

// heapInUse is what is alive, in bytes.
func heapInUse() int {
	runtime.GC() // what a pool keeps survives one collection
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// What a client does not read waits in sockets and at the server, not in a node.
func TestSlowReadersHoldNoBuffers(t *testing.T) {
	const (
		sessions = 48
		rows     = 30_000 // of 1000 bytes: more than all sockets on the way hold
		result   = "select repeat('x', 1000) from seq_1_to_30000"
		each     = 8 << 10 // bytes of the heap for a session, much less than a buffer
	)
	quiet := func(_ *directory, cfg *proxy.Config) {
		cfg.Logger, cfg.Registerer = zap.NewNop(), prometheus.NewRegistry()
	}
	n := start(t, quiet)
	clients := make([]*rawClient, sessions)
	for i := range clients {
		clients[i] = n.raw(t)
		clients[i].want(t, 0, packet(0x03, "select library a1"))
		clients[i].want(t, 0, packet(0x03, "do 1"))
	}
	before := heapInUse()
	for _, c := range clients {
		c.send(t, packet(0x03, result))
	}
	server := direct(t, servers[0])
	eventually(t, "slow readers hold no buffers", func() bool {
		var name string
		var running int
		if err := server.QueryRowContext(t.Context(), "show global status like 'Threads_running'").Scan(&name, &running); err != nil {
			t.Fatal(err)
		}
		held := heapInUse() - before
		t.Logf("%d statements are running, whose results hold %d bytes", running, held)
		return running >= sessions && held < sessions*each
	})

	first := clients[0]
	got := 0
	for packets := 0; ; packets++ {
		payload := first.read(t, packets == 0)
		if payload[0] == 0xfe && got > 0 {
			break
		}
		if len(payload) > 1000 {
			got++
		}
	}
	if got != rows {
		t.Errorf("%d rows came, not %d", got, rows)
	}
	first.want(t, 0, packet(0x03, "do 1"))
}
