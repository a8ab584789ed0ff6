package fsm

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Later releases must go on reading the golden snapshots. This one was written by a
// release that knew no switches, so it is never written anew.
func TestTheGoldenSnapshotIsRead(t *testing.T) {
	m := New()
	if err := m.Restore(bytes.NewReader(readGolden(t, "testdata/snapshot-v2.hex")[0])); err != nil {
		t.Fatal(err)
	}
	checkGoldenDirectory(t, m)
	const want = "[{1 one open 100 [h:1] off h:1 2} {2 two closed 100 [[fe80::1]:3306] verify_ca [fe80::1]:3306 1} {3 three draining 7 [h:3] off h:3 1}]"
	if got := shown(m.Libraries().All()); got != want {
		t.Errorf("libraries %s, want %s", got, want)
	}
	if s := m.Settings(); s.Failover != (FailoverSettings{}).WithDefaults() {
		t.Errorf("settings %+v", s)
	}
	checkRestorable(t, m)
}

func TestTheGoldenSnapshotWithASwitchIsRead(t *testing.T) {
	const file = "testdata/snapshot-v2-switch.hex"
	if *update {
		writeGolden(t, file, snapshotBytes(t, sample(t).Snapshot()))
	}
	m := New()
	if err := m.Restore(bytes.NewReader(readGolden(t, file)[0])); err != nil {
		t.Fatal(err)
	}
	checkGoldenDirectory(t, m)
	const want = "[{1 one open 100 [10.0.0.1:3306 {Address:10.0.0.9:3306 Maintenance:true Fence: Excluded:}] off 10.0.0.1:3306 1 failover {Policy:ordered Failback:true} pinned since 5} " +
		"{2 two closed 100 [[fe80::1]:3306] verify_ca [fe80::1]:3306 1} " +
		"{3 three draining 7 [h:3] off h:3 1} " +
		"{4 four open 7 [{Address:h:5 Maintenance:false Fence:due Excluded:} h:6 {Address:h:7 Maintenance:false Fence:fenced Excluded:it has more than the others}] off  2 " +
		"switch {Phase:chosen From:h:5 To:h:6 Cause:failed Reason:2 of 3 voters cannot reach h:5 Forced:true Began:6} failover {Policy:promote Failback:false} since 5 guarded}]"
	if got := shown(m.Libraries().All()); got != want {
		t.Errorf("libraries %s, want %s", got, want)
	}
	if s := m.Settings(); s.Failover != testFailover {
		t.Errorf("settings %+v", s)
	}
	checkRestorable(t, m)
}

// checkGoldenDirectory checks what both golden snapshots hold.
func checkGoldenDirectory(t *testing.T, m *Machine) {
	t.Helper()
	if p, ok := m.Locate("客户-1"); !ok || p.Library != 1 {
		t.Errorf("located %+v, %v", p, ok)
	}
	if core, ok := m.FindBinding("phone", "1"); !ok || core != "alice" {
		t.Errorf("found %q, %v", core, ok)
	}
	if g := m.Greetings(); len(g) != 1 || g["h:3"] != greetingOf1 {
		t.Errorf("greetings %+v", g)
	}
	if s := m.Settings(); s.ClusterID != testClusterID || s.DefaultCore != "somebody" || s.MaxShareMille != 300 || s.Balance != BalanceData {
		t.Errorf("settings %+v", s)
	}
	if len(m.Nodes()) != 1 || m.Nodes()[0].Number != 1 {
		t.Errorf("nodes %+v", m.Nodes())
	}
}

// A log may hold the golden commands for as long as the cluster lives, and they
// must give the same state for ever. These were written by a release that knew no
// switches: they are never written anew.
func TestTheGoldenCommandsAreApplied(t *testing.T) {
	m := applyGolden(t, "testdata/commands-v3.hex")
	checkFingerprint(t, m, "0660730462e3d0f1f812ec9ea8625b43468329dc180f255846435a33602bd096", "66433ff4d5092479")
	const wantLibraries = "[{1 one open 100 [h:1 h:2] off h:1 2} {2 two closed 100 [[fe80::1]:3306] off [fe80::1]:3306 1} {3 three draining 8 [h:3] verify_identity h:3 1}]"
	if got := shown(m.Libraries().All()); got != wantLibraries {
		t.Errorf("libraries %s, want %s", got, wantLibraries)
	}
	if p, ok := m.Locate("alice"); !ok || p != (Placement{"alice", 1, 1}) {
		t.Errorf("located %+v, %v", p, ok)
	}
	if nodes := m.Nodes(); len(nodes) != 1 || nodes[0].ID != "n1" || nodes[0].Number != 1 {
		t.Errorf("nodes %+v", nodes)
	}
	if g := m.Greetings(); len(g) != 1 || g["h:3"] != greetingOf1 {
		t.Errorf("greetings %+v", g)
	}
	if s := m.Settings(); s.DefaultCore != "somebody" || s.MaxShareMille != 300 || s.Balance != BalanceData || s.Failover != (FailoverSettings{}).WithDefaults() {
		t.Errorf("settings %+v", s)
	}
}

func TestTheGoldenCommandsOfSwitchesAreApplied(t *testing.T) {
	const file = "testdata/commands-v4.hex"
	if *update {
		writeGolden(t, file,
			encode(t, testBootstrap()),
			encode(t, SetNode{NodeInfo{ID: "n1", MySQL: "h:1"}}),
			encode(t, ChangeLibraries{ExpectVersion: 1, Changes: []LibraryChange{
				AddLibrary{Name: "three", Weight: 7, Servers: servers("h:1", "h:2", "h:3"), Failover: Failover{Policy: FailoverOrdered, Failback: true}},
				AddLibrary{Name: "four", Weight: 7, Servers: servers("h:4", "h:5"), Failover: Failover{Policy: FailoverFollow}},
				SetServers{Library: "one", Servers: servers("10.0.0.9:3306", "10.0.0.1:3306")},
				SetFailover{Library: "one", Failover: Failover{Policy: FailoverPromote}},
				SetPinned{Library: "one", Pinned: true},
				SetMaintenance{Library: "one", Server: "10.0.0.9:3306", Maintenance: true},
				SetMaintenance{Library: "four", Server: "h:5", Maintenance: true},
				SetMaintenance{Library: "four", Server: "h:5"},
			}}),
			encode(t, GuardLibrary{Library: 1, Since: 3}),
			encode(t, ChangeSettings{Failover: new(testFailover)}),
			encode(t, GrantLeases{Leases: []Lease{{Node: "n1", Starts: 2, Nonce: 3}}}),
			// The whole way, and a server that is noted.
			encode(t, BeginSwitch{Library: 3, Epoch: 1, Drain: true, To: "h:2", Cause: CauseFailback, Reason: "it is back"}),
			encode(t, AdvanceSwitch{Library: 3, Epoch: 1, At: SwitchDraining, Next: SwitchRetired}),
			encode(t, AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchRetired, Next: SwitchReleased}),
			encode(t, AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchReleased, Next: SwitchFenced, Fence: FenceDone}),
			encode(t, AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchFenced, Next: SwitchChosen, To: "h:3"}),
			encode(t, AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchChosen, Next: SwitchActive, To: "h:3"}),
			encode(t, NoteServer{Library: 3, Epoch: 3, Server: "h:2", Fence: FenceDue, Excluded: "it has more than the others"}),
			// One that goes on.
			encode(t, BeginSwitch{Library: 4, Epoch: 1, Cause: CauseOperator, Reason: "because"}),
			encode(t, AdvanceSwitch{Library: 4, Epoch: 2, At: SwitchRetired, Next: SwitchRetired, To: "h:5", Forced: true, Reason: "nodes do not answer"}),
			// Those that are given up and refused.
			encode(t, BeginSwitch{Library: 2, Epoch: 1, Drain: true, Cause: CauseFailed}),
			encode(t, CancelSwitch{Library: 2, Epoch: 1}),
			encode(t, BeginSwitch{Library: 2, Epoch: 9, Cause: CauseFollowed}),
		)
	}
	m := applyGolden(t, file)
	checkFingerprint(t, m, "b9f47277f48c5a0772367bc090668c4ea5805762e598320d9a2ac15c7d5dc371", "0000000000000000")
	const wantLibraries = "[{1 one open 100 [{Address:10.0.0.9:3306 Maintenance:true Fence: Excluded:} 10.0.0.1:3306] off 10.0.0.1:3306 1 failover {Policy:promote Failback:false} pinned since 3 guarded} " +
		"{2 two open 100 [[fe80::1]:3306] off [fe80::1]:3306 1} " +
		"{3 three open 7 [{Address:h:1 Maintenance:false Fence:fenced Excluded:} {Address:h:2 Maintenance:false Fence:due Excluded:it has more than the others} h:3] off h:3 3 failover {Policy:ordered Failback:true} since 3 guarded} " +
		"{4 four open 7 [h:4 h:5] off  2 switch {Phase:retired From:h:4 To:h:5 Cause:operator Reason:nodes do not answer Forced:true Began:14} failover {Policy:follow Failback:false} since 3 guarded}]"
	if got := shown(m.Libraries().All()); got != wantLibraries {
		t.Errorf("libraries %s\nwant %s", got, wantLibraries)
	}
	if s := m.Settings(); s.Failover != testFailover {
		t.Errorf("settings %+v", s)
	}
}

func applyGolden(t *testing.T, file string) *Machine {
	t.Helper()
	m := New()
	for i, command := range readGolden(t, file) {
		if _, err := m.Apply(uint64(i+1), command); err != nil {
			t.Fatalf("entry %d: %v", i+1, err)
		}
	}
	return m
}

func checkFingerprint(t *testing.T, m *Machine, wantHash, wantDigest string) {
	t.Helper()
	if _, hash, digest := m.Fingerprint(); hash.String() != wantHash || digest.String() != wantDigest {
		t.Errorf("hash %s digest %s, want %s %s", hash, digest, wantHash, wantDigest)
	}
}

// A golden file has one byte string a line, in hex digits.
func writeGolden(t *testing.T, file string, lines ...[]byte) {
	t.Helper()
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(hex.EncodeToString(line) + "\n")
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readGolden(t *testing.T, file string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]byte
	for line := range strings.Lines(string(b)) {
		decoded, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, decoded)
	}
	return lines
}
