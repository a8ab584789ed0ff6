package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
	"github.com/mysqlda/mysqlda/test/bench/report"
	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// assignSessions are the numbers of sessions at which new core objects are
// assigned.
var assignSessions = [...]int{64, 512}

// assignBuffer is for answers that are one small packet.
const assignBuffer = 4 << 10

// assignment is what new core objects cost in one way of spreading sessions.
type assignment struct {
	spread   spread
	sessions int
	samples  []assignSample
}

// spread says at which nodes the sessions are.
type spread string

const (
	overAllNodes  spread = "spread over all nodes"
	atOneFollower spread = "all at one follower"
)

// assignSample is one run. CPU time is for each core object.
type assignSample struct {
	sample                                  // CPU: of all nodes together
	leader, followers, load observe.CPUTime // load: the client's process
	entries                 float64         // log entries a second
	items                   float64         // in each of them
}

// assignStage is a cluster of three that has little else to do.
type assignStage struct {
	stage
	nodes  []target // the leader first
	next   atomic.Int64
	fsyncs latency // of the disk where the logs are
}

// measureAssignments measures what a new core object costs through the MySQL
// port of three nodes, each with its log on disk: all in one process after the
// other, because they share this machine.
func (b *bench) measureAssignments(ctx context.Context) (err error) {
	if !b.wants(newObjects) {
		return nil
	}
	b.say("starting a cluster for new core objects")
	s, err := b.openAssignStage(ctx)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return err
	}
	b.fsyncs = s.fsyncs
	for _, sessions := range assignSessions {
		for _, where := range []spread{overAllNodes, atOneFollower} {
			b.assignments = append(b.assignments, &assignment{spread: where, sessions: sessions})
		}
	}
	for _, a := range b.assignments {
		b.say("%s, %d sessions, %s", newObjects, a.sessions, a.spread)
		for range b.rounds {
			found, err := s.run(ctx, a, b.duration)
			if err != nil {
				return fmt.Errorf("%s, %d sessions, %s: %w", newObjects, a.sessions, a.spread, err)
			}
			a.samples = append(a.samples, found)
		}
	}
	return nil
}

func (b *bench) openAssignStage(ctx context.Context) (*assignStage, error) {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	s := &assignStage{}
	var servers [2]*mysqld.Server
	for i := range servers {
		var err error
		if servers[i], err = s.openServer(ctx, maxConnections); err != nil {
			return s, err
		}
	}
	c, err := cluster.Start(ctx, cluster.Options{
		Binary: b.mysqlda, Nodes: 3, User: user, Password: password, Database: database, LogLevel: "warn",
		Libraries: []cluster.Library{
			{Name: libraryName(0), Servers: []string{servers[0].Addr()}},
			{Name: libraryName(1), Servers: []string{servers[1].Addr()}},
		},
	})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, c.Close)
	leader, err := c.Leader(ctx)
	if err != nil {
		return s, err
	}
	followers, err := c.Followers(ctx)
	if err != nil {
		return s, err
	}
	for _, n := range append([]*cluster.Node{leader}, followers...) {
		s.nodes = append(s.nodes, target{name: n.ID, addr: n.Addresses().MySQL, http: n.Addresses().HTTP, pid: n.Process().PID()})
	}
	s.fsyncs, err = measureFsync(c.Dir())
	return s, err
}

// run assigns new core objects for as long as that.
func (s *assignStage) run(ctx context.Context, a *assignment, duration time.Duration) (found assignSample, err error) {
	at := s.nodes
	if a.spread == atOneFollower {
		at = s.nodes[len(s.nodes)-1:]
	}
	var clients []*client
	defer func() { err = errors.Join(err, quitAll(clients)) }()
	for i, n := range at {
		some, err := connectAll(ctx, n.addr, (a.sessions+i)/len(at), &net.Dialer{})
		clients = append(clients, some...)
		if err != nil {
			return found, err
		}
	}
	loops := make([]loop, len(clients))
	for i, c := range clients {
		if err := c.socket.SetDeadline(time.Now().Add(duration + overtime)); err != nil {
			return found, err
		}
		c.buf = make([]byte, assignBuffer)
		loops[i] = s.selectNew(c)
		if err := loops[i](0); err != nil {
			return found, err
		}
	}
	before, err := s.account(ctx)
	if err != nil {
		return found, err
	}
	began := time.Now()
	if found.sample, err = measure(ctx, load{duration: duration}, loops); err != nil {
		return found, err
	}
	after, err := s.account(ctx)
	if err != nil {
		return found, err
	}
	found.settle(before, after, time.Since(began))
	return found, nil
}

// selectNew returns a loop that selects a core object which nobody has selected
// before, with a name of eleven digits.
func (s *assignStage) selectNew(c *client) loop {
	ask := query("select library 00000000000")
	digits := ask[len(ask)-11:]
	return func(int) error {
		for i, n := len(digits)-1, s.next.Add(1); i >= 0; i, n = i-1, n/10 {
			digits[i] = '0' + byte(n%10)
		}
		return c.do(ask)
	}
}

// account is what the stage has used so far.
type account struct {
	nodes          []observe.CPUTime // the leader first
	load           observe.CPUTime
	entries, items float64 // in the leader's log
}

func (s *assignStage) account(ctx context.Context) (a account, err error) {
	for _, n := range s.nodes {
		used, err := observe.CPUOf(n.pid)
		if err != nil {
			return a, err
		}
		a.nodes = append(a.nodes, used)
	}
	if a.load, err = observe.CPUOf(os.Getpid()); err != nil {
		return a, err
	}
	if a.entries, err = observe.Metric(ctx, s.nodes[0].http, "mysqlda_assign_batch_items_count", ""); err != nil {
		return a, err
	}
	a.items, err = observe.Metric(ctx, s.nodes[0].http, "mysqlda_assign_batch_items_sum", "")
	return a, err
}

// settle divides what was used between two accounts.
func (s *assignSample) settle(before, after account, took time.Duration) {
	entries, items := after.entries-before.entries, after.items-before.items
	s.entries = entries / took.Seconds()
	s.items = items / max(entries, 1)
	each := func(after, before observe.CPUTime) (c observe.CPUTime) {
		c.User, c.System = after.Each(before, int(items))
		return c
	}
	s.load = each(after.load, before.load)
	for i := range after.nodes {
		used := each(after.nodes[i], before.nodes[i])
		s.user, s.system = s.user+used.User, s.system+used.System
		if i == 0 {
			s.leader = used
		} else {
			s.followers.User, s.followers.System = s.followers.User+used.User, s.followers.System+used.System
		}
	}
}

// medianAssignment finds what was measured; ok is false when it was not.
func (b *bench) medianAssignment(where spread, sessions int) (sample, bool) {
	for _, a := range b.assignments {
		if a.spread == where && a.sessions == sessions && len(a.samples) > 0 {
			return a.median(), true
		}
	}
	return sample{}, false
}

func (a *assignment) median() sample {
	samples := make([]sample, len(a.samples))
	for i, s := range a.samples {
		samples[i] = s.sample
	}
	return medians(samples)
}

// assignmentTable is the report's part on new core objects.
func (b *bench) assignmentTable() string {
	t := report.NewTable("sessions", "", "core objects/s", "p50", "p99", "CPU each", "leader", "both followers", "client",
		"log entries/s", "items each")
	for _, a := range b.assignments {
		if len(a.samples) == 0 {
			continue
		}
		of := a.median()
		cpu := func(figure func(assignSample) observe.CPUTime) string {
			return short(median(a.samples, func(s assignSample) time.Duration { c := figure(s); return c.Total() }))
		}
		t.Add(strconv.Itoa(a.sessions), string(a.spread), rate(of.rate), short(of.p50), short(of.p99), short(of.cpu()),
			cpu(func(s assignSample) observe.CPUTime { return s.leader }),
			cpu(func(s assignSample) observe.CPUTime { return s.followers }),
			cpu(func(s assignSample) observe.CPUTime { return s.load }),
			rate(median(a.samples, func(s assignSample) float64 { return s.entries })),
			rate(median(a.samples, func(s assignSample) float64 { return s.items })))
	}
	return fmt.Sprintf("Three nodes, their servers and the client on this machine; each node has its log on disk, where an\n"+
		"`fdatasync` of 4 KiB takes %s (99%%: %s) while nothing else runs. An entry is written with two, on\n"+
		"the leader and then on a follower.\n\n", short(b.fsyncs.p50), short(b.fsyncs.p99)) + t.String()
}
