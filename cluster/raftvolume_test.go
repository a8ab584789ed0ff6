package cluster

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

func TestRaftIsNotLouderThanTheMatterIs(t *testing.T) {
	voter := raft.Server{ID: "n2", Address: "h:2"}
	joining := raft.Server{Suffrage: raft.Nonvoter, ID: "n3", Address: "h:3"}
	refused := errors.New("dial tcp h:2: connect: connection refused")
	reset := &net.OpError{Op: "read", Net: "tcp", Err: net.ErrClosed}
	textOnly := fmt.Errorf("msgpack decode error [pos 0]: %s", reset)
	for _, c := range []struct {
		name     string
		stopping bool
		level    hclog.Level
		msg      string
		args     []any
		want     hclog.Level
	}{
		{"a voter is down", false, hclog.Error, "failed to appendEntries to", []any{"peer", voter, "error", refused}, hclog.Warn},
		{"by its address", false, hclog.Error, "failed to heartbeat to", []any{"peer", voter.Address, "error", refused}, hclog.Warn},
		{"a node joins", false, hclog.Error, "failed to appendEntries to", []any{"peer", joining, "error", io.EOF}, hclog.Debug},
		{"a node was removed", false, hclog.Error, "failed to heartbeat to", []any{"peer", raft.ServerAddress("h:9"), "error", refused}, hclog.Debug},
		{"we stop", true, hclog.Error, "failed to appendEntries to", []any{"peer", voter, "error", refused}, hclog.Debug},
		{"we stop listening", true, hclog.Error, "failed to accept connection", []any{"error", net.ErrClosed}, hclog.Debug},
		{"we cannot listen", false, hclog.Error, "failed to accept connection", []any{"error", errors.New("too many open files")}, hclog.Error},
		{"the other side stops", false, hclog.Error, "failed to decode incoming command", []any{"error", reset}, hclog.Debug},
		{"the same, as text", false, hclog.Error, "failed to decode incoming command", []any{"error", textOnly}, hclog.Debug},
		{"garbage", false, hclog.Error, "failed to decode incoming command", []any{"error", errors.New("unknown rpc type 77")}, hclog.Error},
		{"a node was away", false, hclog.Warn, "failed to get previous log", []any{"error", raft.ErrLogNotFound}, hclog.Debug},
		{"a log cannot be read", false, hclog.Warn, "failed to get previous log", []any{"error", io.ErrUnexpectedEOF}, hclog.Warn},
		{"anything else", true, hclog.Error, "failed to commit logs", []any{"error", io.EOF}, hclog.Error},
	} {
		v := newRaftVolume(func() bool { return c.stopping })
		v.votes = func(id raft.ServerID, address raft.ServerAddress) bool {
			return id == voter.ID || id == "" && address == voter.Address
		}
		if got := v.of(c.level, c.msg, c.args); got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
}

func TestRaftComplainsAboutANodeThatIsDownNowAndThenOnly(t *testing.T) {
	v := newRaftVolume(func() bool { return false })
	now := time.Now()
	v.now = func() time.Time { return now }
	down := func(id raft.ServerID) hclog.Level {
		return v.of(hclog.Error, "failed to appendEntries to", []any{"peer", raft.Server{ID: id}})
	}
	for _, c := range []struct {
		after time.Duration
		id    raft.ServerID
		want  hclog.Level
	}{
		{0, "n2", hclog.Warn},
		{time.Second, "n2", hclog.Debug},
		{0, "n3", hclog.Warn},
		{raftQuietTime, "n2", hclog.Warn},
		{time.Second, "n2", hclog.Debug},
	} {
		now = now.Add(c.after)
		if got := down(c.id); got != c.want {
			t.Errorf("%s after %s: %s, not %s", c.id, c.after, got, c.want)
		}
	}
	for i := range 2 * maxQuiet {
		down(raft.ServerID(fmt.Sprint(i)))
	}
	if len(v.warned) > maxQuiet {
		t.Errorf("%d nodes are remembered", len(v.warned))
	}
}
