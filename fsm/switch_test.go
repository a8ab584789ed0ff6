package fsm

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// withThree returns a machine whose library 3, three, has the servers a:1, b:1 and
// c:1, of which a:1 is active, and may fail over since entry 2.
func withThree(t testing.TB) *Machine {
	t.Helper()
	m := bootstrapped(t)
	carryOut(t, m, ChangeLibraries{Changes: []LibraryChange{
		AddLibrary{Name: "three", Servers: servers("a:1", "b:1", "c:1"), Failover: Failover{Policy: FailoverPromote}},
	}})
	return m
}

// carryOut applies commands that must not be refused.
func carryOut(t testing.TB, m *Machine, commands ...encoder) {
	t.Helper()
	for _, c := range commands {
		if r := apply(t, m, c); r.Err != nil {
			t.Fatalf("%+v: %v", c, r.Err)
		}
	}
}

// switching returns the machine of withThree with a switch from a:1 in that phase,
// which has begun with entry 3.
func switching(t testing.TB, phase SwitchPhase, to string) *Machine {
	t.Helper()
	m := withThree(t)
	carryOut(t, m, BeginSwitch{Library: 3, Epoch: 1, Drain: phase == SwitchDraining, To: to, Cause: CauseFailed, Reason: "gone"})
	for at := SwitchRetired; at < phase; at++ {
		carryOut(t, m, AdvanceSwitch{Library: 3, Epoch: 2, At: at, Next: at + 1})
	}
	return m
}

func three(m *Machine) string { return shown([]Library{*m.Libraries().ByID(3)}) }

func TestSwitches(t *testing.T) {
	// What a library with the switch is like, in short.
	library := func(active string, epoch uint64, rest string) string {
		return fmt.Sprintf("[{3 three open 0 [a:1 b:1 c:1] off %s %d%s failover {Policy:promote Failback:false} since 2 guarded}]", active, epoch, rest)
	}
	at := func(phase, to, more string) string {
		if more == "" {
			more = "Reason:gone Forced:false"
		}
		active, epoch := "", uint64(2)
		if phase == "draining" {
			active, epoch = "a:1", 1
		}
		return library(active, epoch, fmt.Sprintf(" switch {Phase:%s From:a:1 To:%s Cause:failed %s Began:3}", phase, to, more))
	}
	marked := func(text, server, mark string) string {
		const list = "[a:1 b:1 c:1]"
		return strings.Replace(text, list, strings.Replace(list, server, fmt.Sprintf("{Address:%s %s}", server, mark), 1), 1)
	}
	still := library("a:1", 1, "")
	draining := func(t testing.TB) *Machine { return switching(t, SwitchDraining, "b:1") }
	in := func(phase SwitchPhase, to string) func(testing.TB) *Machine {
		return func(t testing.TB) *Machine { return switching(t, phase, to) }
	}
	after := func(before func(testing.TB) *Machine, commands ...encoder) func(testing.TB) *Machine {
		return func(t testing.TB) *Machine {
			m := before(t)
			carryOut(t, m, commands...)
			return m
		}
	}
	maintenance := func(server string, on bool) ChangeLibraries {
		return ChangeLibraries{Changes: []LibraryChange{SetMaintenance{Library: "three", Server: server, Maintenance: on}}}
	}
	long := strings.Repeat("r", MaxReasonLen+1)
	for _, c := range []struct {
		name    string
		before  func(testing.TB) *Machine
		command encoder
		want    string // the library afterwards
		err     error
	}{
		{"begin to drain", withThree, BeginSwitch{Library: 3, Epoch: 1, Drain: true, To: "b:1", Cause: CauseFailed, Reason: "gone"}, at("draining", "b:1", ""), nil},
		{"begin to drain with an open choice", withThree, BeginSwitch{Library: 3, Epoch: 1, Drain: true, Cause: CauseFailed, Reason: "gone"}, at("draining", "", ""), nil},
		{"begin with the retire", withThree, BeginSwitch{Library: 3, Epoch: 1, To: "c:1", Cause: CauseFailed, Reason: "gone", Forced: true}, at("retired", "c:1", "Reason:gone Forced:true"), nil},
		{"begin at another epoch", withThree, BeginSwitch{Library: 3, Epoch: 2, To: "b:1", Cause: CauseFailed}, still, ErrStaleSwitch},
		{"begin while one drains", draining, BeginSwitch{Library: 3, Epoch: 1, To: "c:1", Cause: CauseFailed}, at("draining", "b:1", ""), ErrStaleSwitch},
		{"begin while one is under way", in(SwitchFenced, ""), BeginSwitch{Library: 3, Epoch: 2, To: "c:1", Cause: CauseFailed}, at("fenced", "", ""), ErrStaleSwitch},
		{"begin to a stranger", withThree, BeginSwitch{Library: 3, Epoch: 1, To: "d:1", Cause: CauseFailed}, still, ErrBadChange},
		{"begin to the active server", withThree, BeginSwitch{Library: 3, Epoch: 1, To: "a:1", Cause: CauseFailed}, still, ErrBadChange},
		{
			"begin to a server in maintenance", after(withThree, maintenance("b:1", true)),
			BeginSwitch{Library: 3, Epoch: 1, To: "b:1", Cause: CauseFailed},
			marked(still, "b:1", "Maintenance:true Fence: Excluded:"), ErrBadChange,
		},
		{
			"begin to an excluded server", after(withThree, NoteServer{Library: 3, Epoch: 1, Server: "b:1", Excluded: "odd"}),
			BeginSwitch{Library: 3, Epoch: 1, To: "b:1", Cause: CauseFailed, Reason: "gone"},
			strings.Replace(marked(at("retired", "b:1", ""), "b:1", "Maintenance:false Fence: Excluded:odd"), "Began:3", "Began:4", 1), nil,
		},
		{"begin without a cause", withThree, BeginSwitch{Library: 3, Epoch: 1, To: "b:1"}, still, ErrBadChange},
		{"begin with an unknown cause", withThree, BeginSwitch{Library: 3, Epoch: 1, To: "b:1", Cause: CauseFailback + 1}, still, ErrBadChange},
		{"begin with a long reason", withThree, BeginSwitch{Library: 3, Epoch: 1, To: "b:1", Cause: CauseFailed, Reason: long}, still, ErrBadChange},
		{"begin in an unknown library", withThree, BeginSwitch{Library: 9, Epoch: 1, Cause: CauseFailed}, still, ErrBadChange},

		{"retire after draining", draining, AdvanceSwitch{Library: 3, Epoch: 1, At: SwitchDraining, Next: SwitchRetired}, at("retired", "b:1", ""), nil},
		{"release", in(SwitchRetired, "b:1"), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchRetired, Next: SwitchReleased}, at("released", "b:1", ""), nil},
		{"fence", in(SwitchReleased, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchReleased, Next: SwitchFenced, Fence: FenceDone}, marked(at("fenced", "", ""), "a:1", "Maintenance:false Fence:fenced Excluded:"), nil},
		{"go on without a fence", in(SwitchReleased, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchReleased, Next: SwitchFenced, Fence: FenceDue}, marked(at("fenced", "", ""), "a:1", "Maintenance:false Fence:due Excluded:"), nil},
		{"choose", in(SwitchFenced, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchFenced, Next: SwitchChosen, To: "c:1"}, at("chosen", "c:1", ""), nil},
		{"choose who was wanted", in(SwitchFenced, "b:1"), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchFenced, Next: SwitchChosen}, at("chosen", "b:1", ""), nil},
		{"choose nobody", in(SwitchFenced, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchFenced, Next: SwitchChosen}, at("fenced", "", ""), ErrBadChange},
		{"choose the old server", in(SwitchFenced, "b:1"), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchFenced, Next: SwitchChosen, To: "a:1"}, at("chosen", "a:1", ""), nil},
		{"activate", in(SwitchChosen, "b:1"), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchChosen, Next: SwitchActive}, library("b:1", 3, ""), nil},
		{"activate by name", in(SwitchChosen, "b:1"), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchChosen, Next: SwitchActive, To: "b:1"}, library("b:1", 3, ""), nil},
		{
			"activate one while another was chosen", after(in(SwitchChosen, "b:1"), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchChosen, Next: SwitchChosen, To: "c:1"}),
			AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchChosen, Next: SwitchActive, To: "b:1"},
			at("chosen", "c:1", ""), ErrStaleSwitch,
		},
		{
			"activate a server of which something was noted", after(in(SwitchChosen, "b:1"), NoteServer{Library: 3, Epoch: 2, Server: "b:1", Fence: FenceDone, Excluded: "odd"}),
			AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchChosen, Next: SwitchActive},
			library("b:1", 3, ""), nil,
		},
		{
			"activate the old server again",
			after(in(SwitchReleased, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchReleased, Next: SwitchFenced, Fence: FenceDue}, AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchFenced, Next: SwitchChosen, To: "a:1"}),
			AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchChosen, Next: SwitchActive},
			library("a:1", 3, ""), nil,
		},

		{"force", in(SwitchRetired, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchRetired, Next: SwitchRetired, To: "c:1", Forced: true, Reason: "slow"}, at("retired", "c:1", "Reason:slow Forced:true"), nil},
		{
			"a forced switch stays so", after(in(SwitchRetired, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchRetired, Next: SwitchRetired, Forced: true}),
			AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchRetired, Next: SwitchReleased},
			at("released", "", "Reason:gone Forced:true"), nil,
		},
		{"force while it drains", draining, AdvanceSwitch{Library: 3, Epoch: 1, At: SwitchDraining, Next: SwitchDraining, Forced: true}, at("draining", "b:1", "Reason:gone Forced:true"), nil},
		{"another successor while it drains", draining, AdvanceSwitch{Library: 3, Epoch: 1, At: SwitchDraining, Next: SwitchDraining, To: "c:1"}, at("draining", "c:1", ""), nil},
		{"another successor of one that is chosen", in(SwitchChosen, "b:1"), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchChosen, Next: SwitchChosen, To: "c:1", Reason: "b failed"}, at("chosen", "c:1", "Reason:b failed Forced:false"), nil},
		{"a fence at another step counts for nothing", in(SwitchFenced, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchFenced, Next: SwitchFenced, Fence: FenceDone}, at("fenced", "", ""), nil},

		{"advance at another epoch", in(SwitchRetired, ""), AdvanceSwitch{Library: 3, Epoch: 1, At: SwitchRetired, Next: SwitchReleased}, at("retired", "", ""), ErrStaleSwitch},
		{"advance without a switch", withThree, AdvanceSwitch{Library: 3, Epoch: 1, At: SwitchDraining, Next: SwitchRetired}, still, ErrStaleSwitch},
		{"advance from another phase", in(SwitchReleased, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchRetired, Next: SwitchReleased}, at("released", "", ""), ErrStaleSwitch},
		{"advance too far", in(SwitchRetired, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchRetired, Next: SwitchFenced}, at("retired", "", ""), ErrBadChange},
		{"go back", in(SwitchReleased, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchReleased, Next: SwitchRetired}, at("released", "", ""), ErrBadChange},
		{"advance to no phase", in(SwitchReleased, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchReleased}, at("released", "", ""), ErrBadChange},
		{"advance to a stranger", in(SwitchFenced, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchFenced, Next: SwitchChosen, To: "d:1"}, at("fenced", "", ""), ErrBadChange},
		{"drain towards the active server", draining, AdvanceSwitch{Library: 3, Epoch: 1, At: SwitchDraining, Next: SwitchDraining, To: "a:1"}, at("draining", "b:1", ""), ErrBadChange},
		{"retire towards the active server", draining, AdvanceSwitch{Library: 3, Epoch: 1, At: SwitchDraining, Next: SwitchRetired, To: "a:1"}, at("draining", "b:1", ""), ErrBadChange},
		{
			"choose a server in maintenance", after(in(SwitchFenced, ""), maintenance("c:1", true)),
			AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchFenced, Next: SwitchChosen, To: "c:1"},
			marked(at("fenced", "", ""), "c:1", "Maintenance:true Fence: Excluded:"), ErrBadChange,
		},
		{"advance with an unknown fence", in(SwitchReleased, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchReleased, Next: SwitchFenced, Fence: FenceDone + 1}, at("released", "", ""), ErrBadChange},
		{"advance with a long reason", in(SwitchRetired, ""), AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchRetired, Next: SwitchRetired, Reason: long}, at("retired", "", ""), ErrBadChange},
		{"advance in an unknown library", withThree, AdvanceSwitch{Library: 9, Epoch: 1, At: SwitchDraining, Next: SwitchRetired}, still, ErrBadChange},

		{"cancel", draining, CancelSwitch{Library: 3, Epoch: 1}, still, nil},
		{"cancel at another epoch", draining, CancelSwitch{Library: 3, Epoch: 2}, at("draining", "b:1", ""), ErrStaleSwitch},
		{"cancel what was retired", in(SwitchRetired, "b:1"), CancelSwitch{Library: 3, Epoch: 2}, at("retired", "b:1", ""), ErrStaleSwitch},
		{"cancel nothing", withThree, CancelSwitch{Library: 3, Epoch: 1}, still, ErrStaleSwitch},

		{"note", withThree, NoteServer{Library: 3, Epoch: 1, Server: "b:1", Fence: FenceDue, Excluded: "odd"}, marked(still, "b:1", "Maintenance:false Fence:due Excluded:odd"), nil},
		{"note keeps the maintenance", after(withThree, maintenance("b:1", true)), NoteServer{Library: 3, Epoch: 1, Server: "b:1", Fence: FenceDone}, marked(still, "b:1", "Maintenance:true Fence:fenced Excluded:"), nil},
		{"note nothing any more", after(withThree, NoteServer{Library: 3, Epoch: 1, Server: "b:1", Fence: FenceDue, Excluded: "odd"}), NoteServer{Library: 3, Epoch: 1, Server: "b:1"}, still, nil},
		{"note the old server", in(SwitchRetired, ""), NoteServer{Library: 3, Epoch: 2, Server: "a:1", Fence: FenceDone}, marked(at("retired", "", ""), "a:1", "Maintenance:false Fence:fenced Excluded:"), nil},
		{"note the active server", withThree, NoteServer{Library: 3, Epoch: 1, Server: "a:1", Fence: FenceDone}, still, ErrStaleSwitch},
		{"note a stranger", withThree, NoteServer{Library: 3, Epoch: 1, Server: "d:1", Fence: FenceDone}, still, ErrStaleSwitch},
		{"note at another epoch", withThree, NoteServer{Library: 3, Epoch: 2, Server: "b:1", Fence: FenceDone}, still, ErrStaleSwitch},
		{"note an unknown fence", withThree, NoteServer{Library: 3, Epoch: 1, Server: "b:1", Fence: FenceDone + 1}, still, ErrBadChange},
		{"note a long reason", withThree, NoteServer{Library: 3, Epoch: 1, Server: "b:1", Excluded: long}, still, ErrBadChange},

		{"maintenance of the active server", withThree, maintenance("a:1", true), still, ErrBadChange},
		{"maintenance of the successor", in(SwitchRetired, "b:1"), maintenance("b:1", true), at("retired", "b:1", ""), ErrBadChange},
		{"maintenance of the old server while it drains", draining, maintenance("a:1", true), at("draining", "b:1", ""), ErrBadChange},
		{"maintenance of the old server", in(SwitchRetired, "b:1"), maintenance("a:1", true), marked(at("retired", "b:1", ""), "a:1", "Maintenance:true Fence: Excluded:"), nil},
		{"maintenance of a stranger", withThree, maintenance("d:1", true), still, ErrBadChange},
		{"the end of a maintenance", after(withThree, maintenance("b:1", true)), maintenance("b:1", false), still, nil},
		{"no maintenance of the active server", withThree, maintenance("a:1", false), still, nil},

		{"other servers while it drains", draining, ChangeLibraries{Changes: []LibraryChange{SetServers{Library: "three", Servers: servers("a:1", "b:1")}}}, at("draining", "b:1", ""), ErrBadChange},
		{"other servers during a switch", in(SwitchChosen, "b:1"), ChangeLibraries{Changes: []LibraryChange{SetServers{Library: "three", Servers: servers("a:1", "b:1")}}}, at("chosen", "b:1", ""), ErrBadChange},
		{"an older command during a switch", in(SwitchChosen, "b:1"), ChangeLibraries{Changes: []LibraryChange{SetServers{Library: "three", Servers: servers("b:1"), replaceActive: true}}}, at("chosen", "b:1", ""), ErrBadChange},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.before(t)
			published, was := m.Libraries(), three(m)
			r := apply(t, m, c.command)
			if !errors.Is(r.Err, c.err) || r.LibrariesChanged != (c.err == nil) || r.NodesChanged {
				t.Errorf("result %+v, want error %v", r, c.err)
			}
			if got := three(m); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if c.err != nil && three(m) != was {
				t.Errorf("a refused command changed %s", was)
			}
			if got := shown([]Library{*published.ByID(3)}); got != was {
				t.Errorf("the set that was published before changed: %s, was %s", got, was)
			}
			if changed := m.Libraries().Version() == published.Version()+1; changed != (c.err == nil) || !changed && m.Libraries() != published {
				t.Errorf("version %d, was %d", m.Libraries().Version(), published.Version())
			}
			checkRestorable(t, m)
		})
	}
}

func TestALibraryIsGuardedWhenAllKnowThatItMayFailOver(t *testing.T) {
	change := func(changes ...LibraryChange) ChangeLibraries { return ChangeLibraries{Changes: changes} }
	failover := func(p FailoverPolicy) LibraryChange {
		return SetFailover{Library: "one", Failover: Failover{Policy: p}}
	}
	list := func(addresses ...string) LibraryChange {
		return SetServers{Library: "one", Servers: servers(append(addresses, "10.0.0.1:3306")...)}
	}
	// Library one has two servers and no failover at entry 1.
	for _, c := range []struct {
		name     string
		commands []encoder // from entry 2 on
		since    uint64
		guarded  bool
		err      error // of the last command
	}{
		{"no failover", []encoder{change(failover(FailoverOff))}, 0, false, nil},
		{"failover is switched on", []encoder{change(failover(FailoverOrdered))}, 2, false, nil},
		{"all know of it", []encoder{change(failover(FailoverOrdered)), GuardLibrary{Library: 1, Since: 2}}, 2, true, nil},
		{"all know of it twice", []encoder{change(failover(FailoverOrdered)), GuardLibrary{Library: 1, Since: 2}, GuardLibrary{Library: 1, Since: 2}}, 2, true, nil},
		{"another policy", []encoder{change(failover(FailoverOrdered)), GuardLibrary{Library: 1, Since: 2}, change(failover(FailoverFollow))}, 2, true, nil},
		{"other servers", []encoder{change(failover(FailoverOrdered)), GuardLibrary{Library: 1, Since: 2}, change(list("h:9", "h:8"))}, 2, true, nil},
		{"failover is switched off", []encoder{change(failover(FailoverOrdered)), GuardLibrary{Library: 1, Since: 2}, change(failover(FailoverOff))}, 0, false, nil},
		{"one server is left", []encoder{change(failover(FailoverOrdered)), GuardLibrary{Library: 1, Since: 2}, change(list())}, 0, false, nil},
		{"there is a second one again", []encoder{change(failover(FailoverOrdered), list()), change(list("h:9"))}, 3, false, nil},
		{"off and on", []encoder{change(failover(FailoverOrdered)), GuardLibrary{Library: 1, Since: 2}, change(failover(FailoverOff)), change(failover(FailoverOrdered))}, 5, false, nil},
		{"off and on at once", []encoder{change(failover(FailoverOrdered)), GuardLibrary{Library: 1, Since: 2}, change(failover(FailoverOff), failover(FailoverOrdered))}, 4, false, nil},
		{"a late guard", []encoder{change(failover(FailoverOrdered)), change(failover(FailoverOff)), change(failover(FailoverOrdered)), GuardLibrary{Library: 1, Since: 2}}, 4, false, ErrStaleSwitch},
		{"a guard without failover", []encoder{GuardLibrary{Library: 1}}, 0, false, ErrStaleSwitch},
		{"a guard of an unknown library", []encoder{GuardLibrary{Library: 9, Since: 2}}, 0, false, ErrBadChange},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := bootstrapped(t)
			for i, command := range c.commands {
				r := apply(t, m, command)
				if last := i == len(c.commands)-1; last && !errors.Is(r.Err, c.err) || !last && r.Err != nil {
					t.Fatalf("%+v: %+v, want %v", command, r, c.err)
				}
			}
			if l := m.Libraries().ByID(1); l.MayFailOverSince != c.since || l.Guarded != c.guarded {
				t.Errorf("since %d, guarded %v, want since %d, guarded %v", l.MayFailOverSince, l.Guarded, c.since, c.guarded)
			}
			checkRestorable(t, m)
		})
	}
}

func TestANewLibraryIsGuardedAtOnce(t *testing.T) {
	b := testBootstrap()
	b.Libraries[0].Failover.Policy, b.Libraries[1].Failover.Policy = FailoverPromote, FailoverPromote
	m := New()
	carryOut(t, m, b, ChangeLibraries{Changes: []LibraryChange{
		AddLibrary{Name: "three", Servers: servers("a:1", "b:1"), Failover: Failover{Policy: FailoverFollow}},
		AddLibrary{Name: "four", Servers: servers("a:1"), Failover: Failover{Policy: FailoverFollow}},
		AddLibrary{Name: "five", Servers: servers("a:1", "b:1")},
	}})
	var got []string
	for _, l := range m.Libraries().All() {
		got = append(got, fmt.Sprint(l.Name, " ", l.MayFailOverSince, " ", l.Guarded))
	}
	if want := "[one 1 true two 0 false three 2 true four 0 false five 0 false]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestServersThatStayKeepWhatIsKnownOfThem(t *testing.T) {
	m := withThree(t)
	carryOut(t, m,
		NoteServer{Library: 3, Epoch: 1, Server: "b:1", Fence: FenceDone, Excluded: "odd"},
		ChangeLibraries{Changes: []LibraryChange{SetMaintenance{Library: "three", Server: "c:1", Maintenance: true}}},
		ChangeLibraries{Changes: []LibraryChange{SetServers{Library: "three", Servers: servers("d:1", "b:1", "a:1")}}},
		ChangeLibraries{Changes: []LibraryChange{SetServers{Library: "three", Servers: []Server{{Address: "c:1", Fence: FenceDue}, {Address: "b:1"}, {Address: "a:1", Excluded: "odd"}}}}},
	)
	const want = "[{3 three open 0 [c:1 {Address:b:1 Maintenance:false Fence:fenced Excluded:odd} a:1] off a:1 1 failover {Policy:promote Failback:false} since 2 guarded}]"
	if got := three(m); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// What was noted of the server does not hold when an older command makes it active.
	carryOut(t, m, ChangeLibraries{Changes: []LibraryChange{SetServers{Library: "three", Servers: servers("b:1", "a:1"), replaceActive: true}}})
	if got := three(m); got != "[{3 three open 0 [b:1 a:1] off b:1 2 failover {Policy:promote Failback:false} since 2 guarded}]" {
		t.Errorf("got %s", got)
	}
	checkRestorable(t, m)
}

// Each of these is a snapshot of a library that Apply could not have made.
func TestSnapshotsWithImpossibleSwitchesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		phase SwitchPhase // of the switch before; 0 for none
		spoil func(*fsmpb.Library)
	}{
		{"no epoch", 0, func(l *fsmpb.Library) { l.ActiveEpoch = 0 }},
		{"no active server and no switch", 0, func(l *fsmpb.Library) { l.Active = "" }},
		{"an active server that is a stranger", 0, func(l *fsmpb.Library) { l.Active = "d:1" }},
		{"an active server in maintenance", 0, func(l *fsmpb.Library) { l.Servers[0].Maintenance = true }},
		{"an active server that is fenced", 0, func(l *fsmpb.Library) { l.Servers[0].Fence = fsmpb.Fence_FENCE_DUE }},
		{"an active server that is excluded", 0, func(l *fsmpb.Library) { l.Servers[0].Excluded = "odd" }},
		{"an unknown fence", 0, func(l *fsmpb.Library) { l.Servers[1].Fence = 3 }},
		{"a fence that does not fit", 0, func(l *fsmpb.Library) { l.Servers[1].Fence = 256 }},
		{"a long reason to exclude", 0, func(l *fsmpb.Library) { l.Servers[1].Excluded = strings.Repeat("r", MaxReasonLen+1) }},
		{"an unknown policy", 0, func(l *fsmpb.Library) { l.Failover.Policy = 4 }},
		{"failback without an order", 0, func(l *fsmpb.Library) { l.Failover.Failback = true }},
		{"a guard without failover", 0, func(l *fsmpb.Library) { l.Failover, l.MayFailOverSince = nil, 0 }},
		{"failover since an entry without failover", 0, func(l *fsmpb.Library) { l.Failover, l.Guarded = nil, false }},
		{"failover since no entry", 0, func(l *fsmpb.Library) { l.MayFailOverSince = 0 }},
		{"failover since a later entry", 0, func(l *fsmpb.Library) { l.MayFailOverSince = 100 }},
		{"a switch in no phase", SwitchDraining, func(l *fsmpb.Library) { l.Switch.Phase = 0 }},
		{"retired in no phase", SwitchRetired, func(l *fsmpb.Library) { l.Switch.Phase = 0 }},
		{"a switch that is over", SwitchChosen, func(l *fsmpb.Library) { l.Switch.Phase = fsmpb.SwitchPhase_SWITCH_PHASE_ACTIVE }},
		{"draining without an active server", SwitchDraining, func(l *fsmpb.Library) { l.Active = "" }},
		{"draining another server", SwitchDraining, func(l *fsmpb.Library) { l.Switch.From = "b:1" }},
		{"draining to the same server", SwitchDraining, func(l *fsmpb.Library) { l.Switch.To = "a:1" }},
		{"retired with an active server", SwitchRetired, func(l *fsmpb.Library) { l.Active = "a:1" }},
		{"from nowhere", SwitchRetired, func(l *fsmpb.Library) { l.Switch.From = "" }},
		{"from a stranger", SwitchRetired, func(l *fsmpb.Library) { l.Switch.From = "d:1" }},
		{"to a stranger", SwitchRetired, func(l *fsmpb.Library) { l.Switch.To = "d:1" }},
		{"to a server in maintenance", SwitchRetired, func(l *fsmpb.Library) { l.Servers[1].Maintenance = true }},
		{"chosen to nowhere", SwitchChosen, func(l *fsmpb.Library) { l.Switch.To = "" }},
		{"a switch without a cause", SwitchFenced, func(l *fsmpb.Library) { l.Switch.Cause = 0 }},
		{"a switch of an unknown cause", SwitchFenced, func(l *fsmpb.Library) { l.Switch.Cause = 5 }},
		{"a switch with a long reason", SwitchFenced, func(l *fsmpb.Library) { l.Switch.Reason = strings.Repeat("r", MaxReasonLen+1) }},
		{"a switch that never began", SwitchReleased, func(l *fsmpb.Library) { l.Switch.Began = 0 }},
		{"a switch that begins later", SwitchReleased, func(l *fsmpb.Library) { l.Switch.Began = 100 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := withThree(t)
			if c.phase != 0 {
				m = switching(t, c.phase, "b:1")
			}
			h := proto.CloneOf(m.Snapshot().header())
			if err := newState().readHeader(h); err != nil {
				t.Fatalf("the good one: %v", err)
			}
			c.spoil(h.Libraries[2])
			if err := newState().readHeader(h); err == nil || !strings.Contains(err.Error(), "corrupt") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestReasonsAreClipped(t *testing.T) {
	for reason, want := range map[string]string{
		"":                                      "",
		"plain 客户":                              "plain 客户",
		"two\r\nlines\tand\x00\x7f\u0085\u2028": "two  lines and    ",
		"no \xff text":                          "no ? text",
		strings.Repeat("r", MaxReasonLen):       strings.Repeat("r", MaxReasonLen),
		strings.Repeat("r", MaxReasonLen-1) + "客户": strings.Repeat("r", MaxReasonLen-1),
	} {
		if got := ClipReason(reason); got != want || len(got) > MaxReasonLen || !utf8.ValidString(got) {
			t.Errorf("%q is clipped to %q, want %q", reason, got, want)
		}
	}
}

func TestWordsOfSwitches(t *testing.T) {
	for i, word := range FailoverPolicies() {
		if p, ok := ParseFailoverPolicy(word); !ok || p != FailoverPolicy(i) || p.String() != word {
			t.Errorf("%q is policy %d, %v, which is called %q", word, p, ok, p)
		}
	}
	if p, ok := ParseFailoverPolicy("always"); ok || p != FailoverOff {
		t.Errorf("an unknown word is %s", p)
	}
	got := fmt.Sprint(
		FailoverPromote, FailoverPromote+1, SwitchDraining, SwitchActive, SwitchActive+1,
		CauseOperator, CauseFailback, CauseFailback+1, FenceNone, FenceDue, FenceDone, FenceDone+1)
	if want := "promote FailoverPolicy(4) draining active SwitchPhase(7) operator failback SwitchCause(5)  due fenced unknown"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
