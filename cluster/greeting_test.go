package cluster

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/fsm"
)

const server1 = "127.0.0.1:3306" // of library one, see seed

func greeting(version string) fsm.Greeting {
	return fsm.Greeting{Version: version, Capabilities: 1 << 36, Collation: 45}
}

// waitGreetings waits until every node knows these greetings.
func waitGreetings(t *testing.T, want map[string]fsm.Greeting, nodes ...*Node) {
	t.Helper()
	eventually(t, "the greetings to be known", func() error {
		for _, n := range nodes {
			if got := n.Greetings(); !maps.Equal(got, want) {
				return fmt.Errorf("%s knows %v, want %v", n.ID(), got, want)
			}
		}
		return nil
	})
}

func TestReportedGreetingsAreKnownToAllNodes(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, others := split(t, nodes)
	version := leader.Libraries().Version()
	others[0].ReportGreeting(server1, greeting("8.0.36"))
	leader.ReportGreeting("127.0.0.1:3307", greeting("10.11.6-MariaDB"))
	want := map[string]fsm.Greeting{server1: greeting("8.0.36"), "127.0.0.1:3307": greeting("10.11.6-MariaDB")}
	waitGreetings(t, want, nodes...)

	// What is of no use is not remembered and holds up nothing.
	others[1].ReportGreeting("127.0.0.1:1", greeting("of no library"))
	others[1].ReportGreeting("nowhere", greeting("of no address"))
	others[1].ReportGreeting(server1, greeting("8.4.0"))
	want[server1] = greeting("8.4.0")
	waitGreetings(t, want, nodes...)
	if leader.Libraries().Version() != version {
		t.Error("the libraries' version has changed")
	}
	eventually(t, "nothing to be left to report", func() error {
		for _, n := range nodes {
			if due, _ := n.greetings.due(nil, time.Now().Add(time.Hour)); len(due) > 0 {
				return fmt.Errorf("%s still reports %+v", n.ID(), due)
			}
		}
		return nil
	})
}

func TestGreetingsAreReportedAgainWhenThereIsALeader(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, others := split(t, nodes)
	kill(t, leader)
	others[0].ReportGreeting(server1, greeting("8.0.36"))
	waitGreetings(t, map[string]fsm.Greeting{server1: greeting("8.0.36")}, others...)
}

func TestANodeThatIsStillLonelyKeepsItsReports(t *testing.T) {
	t.Parallel()
	n := openNode(t, fastConfig(t, "n1"))
	n.ReportGreeting(server1, greeting("8.0.36"))
	if err := n.Bootstrap(within(t, patience), seed("one")); err != nil {
		t.Fatal(err)
	}
	waitGreetings(t, map[string]fsm.Greeting{server1: greeting("8.0.36")}, n)
}

// Raft leads before the cluster has its first libraries. A report that would get
// into the log by then would be refused, and forgotten.
func TestReportsWaitForTheFirstLibraries(t *testing.T) {
	t.Parallel()
	n := openNode(t, fastConfig(t, "n1"))
	n.ReportGreeting(server1, greeting("8.0.36"))
	n.mu.Lock()
	n.identity.ClusterID = transport.NewClusterID().String()
	err := errors.Join(n.setPhase(phaseBootstrapping), n.startMember(nil))
	n.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	m := n.member.Load()
	eventually(t, "a leader", func() error {
		_, err := m.barrier()
		return err
	})
	refused, err := m.recordGreeting(within(t, patience), fsm.RecordGreeting{Address: server1, Greeting: greeting("8.0.36")})
	if err == nil {
		t.Errorf("the report was put into the log and refused (%v)", refused)
	}
	if err := n.Bootstrap(within(t, patience), seed("one")); err != nil {
		t.Fatal(err)
	}
	waitGreetings(t, map[string]fsm.Greeting{server1: greeting("8.0.36")}, n)
}

// The same greeting from several nodes is one entry of the log.
func TestKnownGreetingsAreNotWrittenAgain(t *testing.T) {
	t.Parallel()
	n := startOne(t, fastConfig(t, "n1"))
	m := n.member.Load()
	report := fsm.RecordGreeting{Address: server1, Greeting: greeting("8.0.36")}
	for range 2 {
		if refused, err := m.recordGreetingHere(report); refused != nil || err != nil {
			t.Fatal(refused, err)
		}
	}
	index := m.raft.LastIndex()
	if refused, err := m.recordGreetingHere(report); refused != nil || err != nil || m.raft.LastIndex() != index {
		t.Errorf("got %v, %v, the log has grown from %d to %d", refused, err, index, m.raft.LastIndex())
	}
}

func TestNodesThatContradictEachOtherSlowDown(t *testing.T) {
	const interval = 10 * time.Second
	b := newGreetingBoard(interval)
	theirs := map[string]fsm.Greeting{server1: greeting("theirs")}
	ours := fsm.RecordGreeting{Address: server1, Greeting: greeting("ours")}
	start := time.Unix(0, 0)
	var proposed []time.Duration
	for now := start; now.Before(start.Add(time.Hour)); now = now.Add(time.Second) {
		b.add(ours) // whenever we reach the server; the others put theirs back each time
		due, _ := b.due(theirs, now)
		for _, report := range due {
			proposed = append(proposed, now.Sub(start))
			b.settle(report, now)
		}
	}
	want := []time.Duration{0, 10, 30, 70, 150, 310, 630, 1270, 1910, 2550, 3190}
	for i := range want {
		want[i] *= time.Second
	}
	if fmt.Sprint(proposed) != fmt.Sprint(want) {
		t.Errorf("proposed at %v, want %v", proposed, want)
	}
	// After a long peace the next upgrade is told at once.
	later := start.Add(3 * time.Hour)
	b.add(ours)
	if due, _ := b.due(theirs, later); len(due) != 1 {
		t.Fatalf("due: %+v", due)
	}
	b.settle(ours, later)
	b.add(ours)
	if due, wait := b.due(theirs, later); due != nil || wait != interval {
		t.Errorf("due: %+v, or after %v", due, wait)
	}
}

func TestTheLastReportOnAServerCounts(t *testing.T) {
	b := newGreetingBoard(time.Second)
	now := time.Unix(0, 0)
	for _, version := range []string{"1", "2", "1", "3"} {
		b.add(fsm.RecordGreeting{Address: server1, Greeting: greeting(version)})
	}
	due, _ := b.due(nil, now)
	if len(due) != 1 || due[0].Greeting != greeting("3") {
		t.Fatalf("due: %+v", due)
	}
	b.add(fsm.RecordGreeting{Address: server1, Greeting: greeting("4")})
	b.settle(due[0], now)
	if due, wait := b.due(nil, now); due != nil || wait != time.Second {
		t.Errorf("the rate is not kept: %+v, %v", due, wait)
	}
	if due, _ := b.due(nil, now.Add(time.Second)); len(due) != 1 || due[0].Greeting != greeting("4") {
		t.Errorf("what was reported meanwhile is lost: %+v", due)
	}
	b.drop(server1)
	if due, wait := b.due(nil, now.Add(time.Hour)); due != nil || wait < 24*time.Hour {
		t.Errorf("dropped, but due: %+v, %v", due, wait)
	}
}

func TestReportsAreBounded(t *testing.T) {
	b := newGreetingBoard(time.Second)
	for i := range maxReports + 1 {
		b.add(fsm.RecordGreeting{Address: fmt.Sprintf("h%d:1", i), Greeting: greeting("1")})
	}
	now := time.Unix(0, 0)
	due, _ := b.due(nil, now)
	if len(due) != maxReports {
		t.Errorf("%d reports are kept", len(due))
	}
	for _, report := range due[:3] {
		b.settle(report, now)
	}
	if len(b.proposed) != 3 {
		t.Errorf("%d proposals are remembered", len(b.proposed))
	}
	b.settle(due[3], now.Add(time.Minute))
	if len(b.proposed) != 1 {
		t.Errorf("%d proposals are remembered after a minute", len(b.proposed))
	}
}
