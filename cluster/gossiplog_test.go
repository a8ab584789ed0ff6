package cluster

import (
	"fmt"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestGossipLinesKeepTheirLevelAndCannotFloodTheLog(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	g := newGossipLog(zap.New(core))
	g.Printf("[INFO] memberlist: Updating address")
	g.Printf("[DEBUG] memberlist: Stream connection")
	g.Printf("[ERR] memberlist: Failed to send gossip to 127.0.0.1:1: write udp: use of closed network connection")
	g.Printf("[WARN] memberlist: Refuting a suspect message (from: n2)")
	for i := range 100 {
		g.Printf("[ERR] memberlist: garbage %d", i)
	}
	all := logs.All()
	if len(all) != 2+gossipWarnings {
		t.Fatalf("%d lines", len(all))
	}
	for i, want := range []string{"info Updating address", "info Refuting a suspect message (from: n2)", "warn garbage 0", "warn garbage 1"} {
		if got := fmt.Sprint(all[i].Level, " ", all[i].Message); got != want {
			t.Errorf("line %d is %q, want %q", i, got, want)
		}
	}
}

func TestRaftLinesReachZapWithTheirFields(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	h := newHclog(zap.New(core), "raft", newRaftVolume(func() bool { return false })).With("node", "n1").Named("snapshot")
	h.Debug("too fine")
	h.Error("failed", "error", "disk", "odd")
	all := logs.All()
	if len(all) != 1 {
		t.Fatalf("%d lines", len(all))
	}
	e := all[0]
	if e.Level != zapcore.ErrorLevel || e.LoggerName != "raft.snapshot" {
		t.Errorf("%s %s", e.Level, e.LoggerName)
	}
	if got := fmt.Sprint(e.ContextMap()); got != "map[error:disk extra:odd node:n1]" {
		t.Errorf("fields %s", got)
	}
}
