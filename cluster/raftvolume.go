package cluster

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

// raftQuietTime is how long Raft's complaints about one node that does not
// answer stay quiet after one of them was logged as a warning.
const raftQuietTime = 30 * time.Second

// raftVolume says how loud Raft's lines are. Raft calls errors what is ordinary
// in the life of a cluster: a node that is down is complained about several
// times a second, one that joins does not listen yet, and connections break when
// a node stops. What is not named here keeps its level.
type raftVolume struct {
	// stopping reports whether this node is being closed.
	stopping func() bool
	// votes reports whether the node of that id, or with that address in Raft's
	// configuration, is a voter: not one that is joining or was removed.
	votes func(id raft.ServerID, address raft.ServerAddress) bool
	now   func() time.Time
	raft  atomic.Pointer[raft.Raft] // nil until listenTo

	mu     sync.Mutex
	warned map[string]time.Time // by line and node; bounded by maxQuiet
}

// maxQuiet bounds what raftVolume remembers.
const maxQuiet = 4096

func newRaftVolume(stopping func() bool) *raftVolume {
	v := &raftVolume{stopping: stopping, now: time.Now, warned: make(map[string]time.Time)}
	v.votes = v.votesInRaft
	return v
}

// listenTo says whose lines come. Until then every node counts as a voter.
func (v *raftVolume) listenTo(r *raft.Raft) { v.raft.Store(r) }

func (v *raftVolume) votesInRaft(id raft.ServerID, address raft.ServerAddress) bool {
	r := v.raft.Load()
	if r == nil {
		return true
	}
	for _, s := range r.GetConfiguration().Configuration().Servers {
		if s.ID == id || id == "" && s.Address == address {
			return s.Suffrage == raft.Voter
		}
	}
	return false
}

// of returns the level of a line that Raft gives another one.
func (v *raftVolume) of(level hclog.Level, msg string, args []any) hclog.Level {
	switch msg {
	case "failed to accept connection", "failed to decode incoming command", "failed to flush response":
		if v.stopping() || brokenConnection(argument(args, "error")) {
			return hclog.Debug // the other side knows why
		}
	case "failed to appendEntries to", "failed to heartbeat to", "failed to make requestVote RPC":
		return v.unreached(msg, args)
	case "failed to get previous log":
		if errors.Is(asError(argument(args, "error")), raft.ErrLogNotFound) {
			return hclog.Debug // a node that was away is sent what it has missed
		}
	case "appendEntries rejected, sending older logs":
		return hclog.Debug
	case "peer has newer term, stopping replication", "rejecting pre-vote request since we have a leader":
		return hclog.Info // leadership changes hands, or stays where it is
	}
	return level
}

// unreached is the level of a complaint about a node that was not reached.
func (v *raftVolume) unreached(msg string, args []any) hclog.Level {
	id, address := complainedAbout(args)
	if v.stopping() || !v.votes(id, address) {
		return hclog.Debug
	}
	key := msg + " " + string(id) + string(address)
	now := v.now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if last, ok := v.warned[key]; ok && now.Sub(last) < raftQuietTime {
		return hclog.Debug
	}
	if len(v.warned) >= maxQuiet {
		clear(v.warned)
	}
	v.warned[key] = now
	return hclog.Warn
}

// complainedAbout finds the node in a line's arguments: a server, or only its
// address in Raft's configuration.
func complainedAbout(args []any) (raft.ServerID, raft.ServerAddress) {
	for _, key := range []string{"peer", "target"} {
		switch node := argument(args, key).(type) {
		case raft.Server:
			return node.ID, node.Address
		case raft.ServerAddress:
			return "", node
		}
	}
	return "", ""
}

// argument returns the value of a key in hclog's list of keys and values.
func argument(args []any, key string) any {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == key {
			return args[i+1]
		}
	}
	return nil
}

func asError(value any) error {
	err, _ := value.(error)
	return err
}

// brokenConnection reports whether an error says no more than that the other
// side, or this one, has closed the connection. Raft's decoder keeps only the
// text of some.
func brokenConnection(value any) bool {
	err := asError(value)
	if err == nil {
		return false
	}
	for _, closed := range []error{net.ErrClosed, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, raft.ErrTransportShutdown} {
		if errors.Is(err, closed) || strings.HasSuffix(err.Error(), ": "+closed.Error()) {
			return true
		}
	}
	return false
}
