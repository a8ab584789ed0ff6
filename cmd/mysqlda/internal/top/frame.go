package top

import (
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// Frame is what happened between two readings, as -o json and yaml show it.
type Frame struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"interval_seconds"`
	Leader  string    `json:"leader"` // "" if there is none

	Placements uint64              `json:"placements"` // of the cluster
	Sessions   admin.SessionCounts `json:"sessions"`   // of all nodes
	Total      Rates               `json:"total"`
	Libraries  []LibraryRates      `json:"libraries"` // "": sessions that have selected none
	Nodes      []NodeRates         `json:"nodes"`
	List       []SessionRates      `json:"session_list,omitempty"` // where it was asked for
}

// Rates are by second. Latencies are in seconds, and absent where no statement ended.
type Rates struct {
	Sessions   int      `json:"sessions"`
	Statements float64  `json:"statements_per_second"`
	Reads      float64  `json:"reads_per_second"` // of the statements
	Errors     float64  `json:"errors_per_second"`
	BytesIn    float64  `json:"bytes_in_per_second"`
	BytesOut   float64  `json:"bytes_out_per_second"`
	Waits      float64  `json:"waits_per_second"` // for a backend connection
	P50        *float64 `json:"p50_seconds,omitempty"`
	P95        *float64 `json:"p95_seconds,omitempty"`
	P99        *float64 `json:"p99_seconds,omitempty"`

	latencies histogram
}

// LibraryRates are those of one library on all nodes.
type LibraryRates struct {
	Name string `json:"name"`
	Rates
	Pool admin.PoolCounts `json:"pool"` // of all nodes
}

// NodeRates are those of one node in all libraries.
type NodeRates struct {
	ID     string `json:"id"`
	Leader bool   `json:"leader"`
	Error  string `json:"error,omitempty"` // why there is nothing else
	// New says that there is only one reading of the node yet, or since its restart:
	// rates are 0.
	New bool `json:"new,omitempty"`
	Rates
	Counts        admin.SessionCounts `json:"session_counts"`
	Hits          float64             `json:"hits_per_second"`
	Misses        float64             `json:"misses_per_second"`
	UptimeSeconds float64             `json:"uptime_seconds"`
}

// SessionRates is one session of a node.
type SessionRates struct {
	Node string `json:"node"`
	admin.SessionStatus
	CommandRate float64 `json:"commands_per_second"`
}

// Between makes a frame of two readings of the same cluster.
func Between(before, after Reading) Frame {
	earlier := make(map[string]NodeReading, len(before.Nodes))
	for _, n := range before.Nodes {
		if n.Err == nil {
			earlier[n.ID] = n
		}
	}
	f := Frame{At: after.At, Seconds: after.At.Sub(before.At).Seconds(), Leader: after.Leader, Libraries: []LibraryRates{}, Nodes: []NodeRates{}}
	f.Total.latencies = histogram{}
	place := make(map[string]int) // in Libraries
	for _, n := range after.Nodes {
		rates := NodeRates{ID: n.ID, Leader: n.ID == after.Leader}
		if n.Err != nil {
			rates.Error = admin.Reason(n.Err)
			f.Nodes = append(f.Nodes, rates)
			continue
		}
		was, seconds := sameProcess(earlier[n.ID], n)
		rates.New = seconds == 0
		rates.latencies = histogram{}
		for _, l := range n.Activity.Libraries {
			at, known := place[l.Name]
			if !known {
				at = len(f.Libraries)
				place[l.Name] = at
				f.Libraries = append(f.Libraries, LibraryRates{Name: l.Name, Rates: Rates{latencies: histogram{}}})
			}
			library := &f.Libraries[at]
			library.Pool = addPools(library.Pool, l.Pool)
			for _, to := range []*Rates{&library.Rates, &rates.Rates, &f.Total} {
				to.add(libraryOf(was, l.Name), l, seconds)
			}
		}
		rates.node(was, n, seconds)
		f.Placements = max(f.Placements, n.Activity.Directory.Placements)
		f.Sessions = addCounts(f.Sessions, n.Activity.Sessions)
		f.List = append(f.List, sessionRates(was, n, seconds)...)
		f.Nodes = append(f.Nodes, rates)
	}
	f.Total.finish()
	for i := range f.Libraries {
		f.Libraries[i].finish()
	}
	for i := range f.Nodes {
		f.Nodes[i].finish()
	}
	return f
}

// sameProcess returns the earlier reading of a node and the seconds from that one to
// this, by the node's own monotonic clock. They are 0 where the earlier one is missing
// or is that of a process that has ended.
func sameProcess(before, after NodeReading) (NodeReading, float64) {
	seconds := after.Activity.UptimeSeconds - before.Activity.UptimeSeconds
	if before.ID == "" || seconds <= 0 {
		return after, 0 // nothing has grown
	}
	return before, seconds
}

func libraryOf(n NodeReading, name string) admin.LibraryActivity {
	for _, l := range n.Activity.Libraries {
		if l.Name == name {
			return l
		}
	}
	return admin.LibraryActivity{}
}

// perSecond is the rate of a counter, 0 where there is no time.
func perSecond(before, after uint64, seconds float64) float64 {
	if seconds == 0 {
		return 0
	}
	return float64(grown(before, after)) / seconds
}

// add adds what came to a library of a node.
func (r *Rates) add(before, after admin.LibraryActivity, seconds float64) {
	r.Sessions += after.Sessions
	for kind, n := range after.Statements {
		rate := perSecond(before.Statements[kind], n, seconds)
		r.Statements += rate
		if kind == "read" {
			r.Reads += rate
		}
	}
	r.Errors += perSecond(before.Errors, after.Errors, seconds)
	r.BytesIn += perSecond(before.BytesIn, after.BytesIn, seconds)
	r.BytesOut += perSecond(before.BytesOut, after.BytesOut, seconds)
	r.Waits += perSecond(before.Waits.Count, after.Waits.Count, seconds)
	r.latencies.add(before.Latency, after.Latency)
}

// finish makes the latencies of what was added.
func (r *Rates) finish() {
	r.P50, r.P95, r.P99 = r.latencies.quantile(0.5), r.latencies.quantile(0.95), r.latencies.quantile(0.99)
}

func (r *NodeRates) node(before, after NodeReading, seconds float64) {
	r.Counts = after.Activity.Sessions
	r.Sessions = r.Counts.Open // with those that have not logged in yet
	r.UptimeSeconds = after.Activity.UptimeSeconds
	was, is := before.Activity.Directory, after.Activity.Directory
	r.Hits, r.Misses = perSecond(was.Hits, is.Hits, seconds), perSecond(was.Misses, is.Misses, seconds)
}

func addPools(a, b admin.PoolCounts) admin.PoolCounts {
	return admin.PoolCounts{InUse: a.InUse + b.InUse, Idle: a.Idle + b.Idle, Resetting: a.Resetting + b.Resetting, Waiting: a.Waiting + b.Waiting}
}

func addCounts(a, b admin.SessionCounts) admin.SessionCounts {
	return admin.SessionCounts{
		Open: a.Open + b.Open, Login: a.Login + b.Login, Running: a.Running + b.Running, Idle: a.Idle + b.Idle,
		Parked: a.Parked + b.Parked, InTransaction: a.InTransaction + b.InTransaction, Waiting: a.Waiting + b.Waiting,
	}
}

// sessionRates lists a node's sessions. Of one that is new the average is shown.
func sessionRates(before, after NodeReading, seconds float64) []SessionRates {
	was := make(map[uint32]uint64, len(before.Sessions.Sessions))
	for _, s := range before.Sessions.Sessions {
		was[s.ID] = s.Commands
	}
	list := make([]SessionRates, 0, len(after.Sessions.Sessions))
	for _, s := range after.Sessions.Sessions {
		rates := SessionRates{Node: after.ID, SessionStatus: s}
		if earlier, known := was[s.ID]; known {
			rates.CommandRate = perSecond(earlier, s.Commands, seconds)
		} else {
			rates.CommandRate = perSecond(0, s.Commands, max(1, float64(s.Seconds)))
		}
		list = append(list, rates)
	}
	return list
}
