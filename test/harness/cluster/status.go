package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// Status is what `mysqlda status -o json` prints.
type Status struct {
	Version      string          `json:"version"`
	ClusterID    string          `json:"cluster_id"`
	Leader       string          `json:"leader"`
	Nodes        []NodeStatus    `json:"nodes"`
	Settings     SettingsStatus  `json:"settings"`
	Libraries    []LibraryStatus `json:"libraries"`
	Placements   uint64          `json:"placements"`
	Bindings     uint64          `json:"bindings"`
	AppliedIndex uint64          `json:"applied_index"`
	StateHash    string          `json:"state_hash"` // equal on all nodes at equal AppliedIndex
}

// NodeStatus is one node of a Status.
type NodeStatus struct {
	ID    string `json:"id"`
	Voter bool   `json:"voter"`
	Alive bool   `json:"alive"`
	MySQL string `json:"mysql"`
	HTTP  string `json:"http"`
}

// SettingsStatus is the settings of a Status.
type SettingsStatus struct {
	MaxShare     json.Number `json:"max_share"`
	Balance      string      `json:"balance"`
	SizesUnknown []string    `json:"sizes_unknown"`
}

// LibraryStatus is one library of a Status.
type LibraryStatus struct {
	Name        string         `json:"name"`
	State       string         `json:"state"`
	Weight      uint32         `json:"weight"`
	Placements  uint64         `json:"placements"`
	ShareOfNew  float64        `json:"share_of_new"`
	Active      string         `json:"active"` // "" while it changes
	ActiveEpoch uint64         `json:"active_epoch"`
	Switch      *SwitchStatus  `json:"switch"` // nil while none is under way
	Failover    string         `json:"failover"`
	Failback    bool           `json:"failback"`
	Pinned      bool           `json:"pinned"`
	Guarded     bool           `json:"guarded"`
	Risks       []string       `json:"risks"`
	DataBytes   uint64         `json:"data_bytes"`
	Servers     []ServerStatus `json:"servers"`
}

// SwitchStatus is a change of an active server that is under way.
type SwitchStatus struct {
	Phase  string `json:"phase"`
	From   string `json:"from"`
	To     string `json:"to"`
	Cause  string `json:"cause"`
	Reason string `json:"reason"`
}

// ServerStatus is one server of a LibraryStatus.
type ServerStatus struct {
	Address     string `json:"address"`
	Healthy     bool   `json:"healthy"`
	Maintenance bool   `json:"maintenance"`
	Fence       string `json:"fence"`     // "", due or fenced
	Excluded    string `json:"excluded"`  // why it must not become active
	ReadOnly    *bool  `json:"read_only"` // nil while it is not known
	Source      string `json:"source"`    // address of the server that it replicates from
	Receiving   bool   `json:"receiving"`
	Applying    bool   `json:"applying"`
	SemiSync    string `json:"semi_sync"`
	LastError   string `json:"last_error"`
}

// Node returns the node of that id.
func (s Status) Node(id string) (NodeStatus, bool) {
	for _, n := range s.Nodes {
		if n.ID == id {
			return n, true
		}
	}
	return NodeStatus{}, false
}

// Library returns the library of that name.
func (s Status) Library(name string) (LibraryStatus, bool) {
	for _, l := range s.Libraries {
		if l.Name == name {
			return l, true
		}
	}
	return LibraryStatus{}, false
}

// Status asks this node, through the command line.
func (n *Node) Status(ctx context.Context) (Status, error) {
	var s Status
	return s, n.CLIJSON(ctx, &s, "status")
}

// Locate returns the name of the core object's library as this node knows it, ""
// when it has no home.
func (n *Node) Locate(ctx context.Context, core string) (string, error) {
	var answer struct {
		Core    string `json:"core"`
		Library string `json:"library"`
	}
	if err := n.CLIJSON(ctx, &answer, "locate", core); err != nil {
		return "", err
	}
	if answer.Core != core {
		return "", fmt.Errorf("locate %s on node %s answered about %q", core, n.ID, answer.Core)
	}
	return answer.Library, nil
}

// CLI runs the program with those arguments and this node's --http address, or its
// config file if that asks who comes, and returns what it printed. The error holds
// what it said on stderr.
func (n *Node) CLI(ctx context.Context, args ...string) (string, error) {
	n.mu.Lock()
	guarded := n.guarded
	n.mu.Unlock()
	if guarded {
		args = append(args, "-f", n.ConfigFile())
	} else {
		args = append(args, "--http", n.Addresses().HTTP)
	}
	return Run(ctx, n.options.Binary, args...)
}

// CLIJSON runs the program like CLI, with -o json, and decodes what it printed.
func (n *Node) CLIJSON(ctx context.Context, into any, args ...string) error {
	out, err := n.CLI(ctx, append(args, "-o", "json")...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		return fmt.Errorf("decode the output of %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// Run runs the program and returns its stdout; the error of another exit code
// than 0 holds its stderr.
func Run(ctx context.Context, binary string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("mysqlda %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
