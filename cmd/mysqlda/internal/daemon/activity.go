package daemon

import (
	"net"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/latency"
)

// Activity implements admin.Node.
func (d *daemon) Activity() (admin.Activity, error) {
	node, err := d.running()
	if err != nil {
		return admin.Activity{}, err
	}
	now := time.Now()
	counts := node.Status().Counts
	hits, misses := node.Lookups()
	activity := admin.Activity{
		Node: node.ID(), Version: d.options.Version,
		At: now.UTC().Truncate(time.Millisecond), UptimeSeconds: now.Sub(d.life.born).Seconds(),
		Libraries: []admin.LibraryActivity{},
		Directory: admin.DirectoryActivity{
			Placements: counts.Placements, Bindings: counts.Bindings, Hits: hits, Misses: misses,
		},
	}
	server, backends := d.proxy.Load(), d.backends.Load()
	if server == nil || backends == nil {
		return activity, nil
	}
	seen, pools := server.Activity(), backends.Pools()
	activity.Sessions = admin.SessionCounts{
		Open: seen.Sessions.Open, Login: seen.Sessions.Login, Running: seen.Sessions.Running,
		Idle: seen.Sessions.Idle, Parked: seen.Sessions.Parked,
		InTransaction: seen.Sessions.InTransaction, Waiting: backends.Waiting(),
	}
	if none, some := seen.Libraries[""]; some {
		activity.Libraries = append(activity.Libraries, libraryActivity("", none, nil))
	}
	for _, l := range node.Libraries().All() {
		activity.Libraries = append(activity.Libraries, libraryActivity(l.Name, seen.Libraries[l.Name], pools))
	}
	return activity, nil
}

func libraryActivity(name string, seen proxy.LibraryActivity, pools []backend.PoolStats) admin.LibraryActivity {
	a := admin.LibraryActivity{
		Name: name, Sessions: seen.Sessions, Statements: seen.Statements, Errors: seen.Errors, Slow: seen.Slow,
		BytesIn: seen.BytesIn, BytesOut: seen.BytesOut,
		Latency: admin.LatencyCounts{Count: seen.Latency.Count(), SumSeconds: seen.Latency.Sum().Seconds()},
	}
	for _, b := range seen.Latency.Buckets() {
		a.Latency.Buckets = append(a.Latency.Buckets, admin.LatencyBucket{LE: b.Bound.Seconds(), Count: b.Count})
	}
	var waits latency.Total
	for _, p := range pools {
		if !poolOf(p, name) {
			continue
		}
		a.Pool.InUse += p.InUse
		a.Pool.Idle += p.Idle
		a.Pool.Resetting += p.Resetting
		a.Pool.Waiting += p.Waiting
		waits.Merge(p.Waits)
	}
	a.Waits = admin.WaitCounts{Count: waits.Count(), SumSeconds: waits.Sum().Seconds()}
	return a
}

// poolOf tells whether the pool's server is one of the library's.
func poolOf(p backend.PoolStats, library string) bool {
	for name := range strings.SplitSeq(p.Library, ",") {
		if name == library {
			return true
		}
	}
	return false
}

// Sessions implements admin.Node.
func (d *daemon) Sessions(filter admin.SessionFilter) (admin.SessionList, error) {
	node, err := d.running()
	if err != nil {
		return admin.SessionList{}, err
	}
	list := admin.SessionList{Node: node.ID(), Sessions: []admin.SessionStatus{}}
	server := d.proxy.Load()
	if server == nil {
		return list, nil
	}
	now := time.Now()
	for _, s := range server.Sessions() {
		if !wanted(s, filter) {
			continue
		}
		list.Matching++
		if len(list.Sessions) < filter.Limit {
			list.Sessions = append(list.Sessions, admin.SessionStatus{
				ID: s.ID, User: s.User, Client: s.Client, Core: s.Core, Library: s.Library, Server: s.Server,
				State: s.State, InTransaction: s.InTransaction,
				Seconds: int64(now.Sub(s.Since) / time.Second), Commands: s.Commands,
			})
		}
	}
	return list, nil
}

func wanted(s proxy.SessionInfo, filter admin.SessionFilter) bool {
	is := func(value, want string) bool { return want == "" || value == want }
	client := s.Client
	if host, _, err := net.SplitHostPort(client); err == nil && filter.Client != client {
		client = host // who looks for a machine does not care for its ports
	}
	return is(s.User, filter.User) && is(client, filter.Client) && is(s.Core, filter.Core) &&
		is(s.Library, filter.Library) && is(s.State, filter.State) && (!filter.InTransaction || s.InTransaction)
}
