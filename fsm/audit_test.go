package fsm

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

var testOrigin = Origin{Who: "alice@laptop", From: "10.0.0.7", At: time.UnixMilli(1_700_000_000_123).UTC()}

// attributed is a command with an origin.
type attributed struct {
	encoder
	by Origin
}

func (c attributed) Encode() ([]byte, error) {
	entry, err := c.encoder.Encode()
	if err != nil {
		return nil, err
	}
	return Attribute(entry, c.by)
}

// trail is what the audit trail says, one line an entry.
func trail(m *Machine) string {
	var b strings.Builder
	for _, e := range m.Audit() {
		fmt.Fprintf(&b, "%d %s %s %s: %s\n", e.Index, e.At.Format("15:04:05.000"), e.Who, e.From, e.What)
	}
	return b.String()
}

// audited is a machine with a trail that has something of everything.
func audited(t *testing.T) *Machine {
	m := New()
	for _, c := range []encoder{
		testBootstrap(),
		SetNode{NodeInfo{ID: "n1", Cluster: "h:1"}},
		SetNode{NodeInfo{ID: "n1", Cluster: "h:2"}}, // known already
		RemoveNode{ID: "n9"},
		ChangeLibraries{Changes: []LibraryChange{
			AddLibrary{Name: "three", Weight: 7, Servers: servers("h:3", "h:4"), Failover: Failover{Policy: FailoverOrdered, Failback: true}},
			SetWeight{Library: "one", Weight: 8},
			SetState{Library: "one", State: LibraryDraining},
			SetServers{Library: "one", Servers: servers("10.0.0.1:3306", "h:9")},
			SetTLS{Library: "one", TLS: TLSVerifyCA},
			SetFailover{Library: "one", Failover: Failover{Policy: FailoverPromote}},
			SetPinned{Library: "one", Pinned: true},
			SetMaintenance{Library: "one", Server: "h:9", Maintenance: true},
		}},
		ChangeLibraries{Changes: []LibraryChange{SetWeight{Library: "nobody", Weight: 1}}}, // refused
		ChangeSettings{MaxShareMille: new(uint32(300)), Failover: new(testFailover)},
		ChangeSettings{MaxShareMille: new(uint32(300))}, // as it is
		BeginSwitch{Library: 3, Epoch: 1, Drain: true, To: "h:4", Cause: CauseOperator, Reason: "because"},
		CancelSwitch{Library: 3, Epoch: 1},
		BeginSwitch{Library: 3, Epoch: 1, Cause: CauseFailed, Reason: "it is down"},
		AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchRetired, Next: SwitchRetired, To: "h:4", Forced: true},
		AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchRetired, Next: SwitchReleased},
		AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchReleased, Next: SwitchFenced},
		AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchFenced, Next: SwitchChosen},
		AdvanceSwitch{Library: 3, Epoch: 2, At: SwitchChosen, Next: SwitchActive},
		NoteServer{Library: 3, Epoch: 3, Server: "h:3", Excluded: "no"},
		imported(3, "a", "b"),
		imported(3, "a"), // adds nothing
		imported(3, "c"),
	} {
		apply(t, m, attributed{c, testOrigin})
	}
	apply(t, m, ChangeLibraries{Changes: []LibraryChange{SetWeight{Library: "one", Weight: 9}}}) // without origin
	apply(t, m, attributed{imported(3, "d"), Origin{Who: "bob"}})
	return m
}

func imported(library LibraryID, cores ...string) *Import {
	i := new(Import)
	for _, c := range cores {
		i.AddPlacement([]byte(c), library)
	}
	return i
}

const wantTrail = `1 22:13:20.123 alice@laptop 10.0.0.7: cluster made, with libraries one, two
2 22:13:20.123 alice@laptop 10.0.0.7: node n1 joined, at h:1
4 22:13:20.123 alice@laptop 10.0.0.7: node n9 removed
5 22:13:20.123 alice@laptop 10.0.0.7: library three: added, weight 7, servers h:3,h:4, TLS off, failover ordered with failback; library one: weight 100 -> 8; library one: open -> draining; library one: servers 10.0.0.1:3306,10.0.0.2:3306 -> 10.0.0.1:3306,h:9; library one: TLS off -> verify_ca; library one: failover off -> promote; library one: pinned off -> on; library one: server h:9: maintenance on
7 22:13:20.123 alice@laptop 10.0.0.7: settings: max_share 0.5 -> 0.3; failover.wait 15s -> 20s; failover.lease 6s -> 8s; failover.cooldown 10s -> 1m0s; failover.require_fencing false -> true; failover.user none -> 'watcher'; failover.replication_user none -> 'replica'; failover.pass is another one; failover.replication_pass is another one
9 22:13:20.123 alice@laptop 10.0.0.7: library three: server h:3 gives way to h:4, operator: because
10 22:13:20.123 alice@laptop 10.0.0.7: library three: server h:3 stays the active one, the switch is given up
11 22:13:20.123 alice@laptop 10.0.0.7: library three: server h:3 gives way, failed: it is down
12 22:13:20.123 alice@laptop 10.0.0.7: library three: the switch under way goes to h:4, by force
16 22:13:20.123 alice@laptop 10.0.0.7: library three: server h:4 is the active one, after h:3
18 22:13:20.123 alice@laptop 10.0.0.7: import: records added: 3
22 00:00:00.000 bob : import: records added: 1
`

func TestTheAuditTrailSaysWhoChangedWhat(t *testing.T) {
	m := audited(t)
	if got := trail(m); got != wantTrail {
		t.Errorf("the trail is\n%s\nwant\n%s", got, wantTrail)
	}
	checkRestorable(t, m)
	if got := trail(restoredFrom(t, m)); got != wantTrail {
		t.Errorf("the restored trail is\n%s", got)
	}
}

func TestTheAuditTrailHasNoSecrets(t *testing.T) {
	for _, secret := range []string{testFailover.Password, testFailover.ReplicationPassword, testBootstrap().Settings.Password} {
		if secret == "" || strings.Contains(trail(audited(t)), secret) {
			t.Errorf("the trail shows %q, or that is no secret", secret)
		}
	}
}

func TestTheAuditTrailIsBounded(t *testing.T) {
	m := bootstrapped(t)
	for i := range MaxAuditEntries + 5 {
		apply(t, m, attributed{ChangeSettings{MaxShareMille: new(uint32(1 + i%2))}, Origin{Who: fmt.Sprint(i)}})
	}
	if list := m.Audit(); len(list) != MaxAuditEntries || list[0].Who != "5" || list[len(list)-1].Who != fmt.Sprint(MaxAuditEntries+4) {
		t.Errorf("%d entries, from %s", len(list), list[0].Who)
	}
	checkRestorable(t, m)

	// Long entries are fewer.
	m = bootstrapped(t)
	for i := range 400 {
		var changes []LibraryChange
		for range 100 {
			changes = append(changes, SetWeight{Library: "one", Weight: uint32(i)})
		}
		apply(t, m, attributed{ChangeLibraries{Changes: changes}, Origin{Who: strings.Repeat("w", 500), From: "f"}})
	}
	list, bytes := m.Audit(), 0
	for i := range list {
		bytes += list[i].size()
		if len(list[i].What) != maxAuditWhat || !strings.HasSuffix(list[i].What, "...") || len(list[i].Who) != maxOriginLen {
			t.Fatalf("entry %+v", list[i])
		}
	}
	if bytes > maxAuditBytes || bytes < maxAuditBytes-2*(maxAuditWhat+maxOriginLen) || list[len(list)-1].Index != m.AppliedIndex() {
		t.Errorf("%d entries of %d bytes", len(list), bytes)
	}
	checkRestorable(t, m)
}

// What another program or release has written is cut in Apply, too.
func TestAnImportThatGoesOnStaysWithinTheBoundOfTheTrail(t *testing.T) {
	t.Parallel()
	by := Origin{Who: "a", From: "b"}
	trail := (&auditTrail{}).note(AuditEntry{Index: 1, Origin: by, What: importWords(9), Records: 9})
	room := maxAuditBytes - trail.bytes
	var old []AuditEntry
	for index := uint64(1); room > 0; index++ {
		e := AuditEntry{Index: index, Origin: by}
		e.What = strings.Repeat("x", min(maxAuditWhat, room-e.size()))
		if left := room - e.size(); left > 0 && left < 2*auditOverhead {
			e.What = e.What[:len(e.What)-2*auditOverhead] // room for one more
		}
		old, room = append(old, e), room-e.size()
	}
	trail.list = append(old, trail.list...)
	trail.bytes = maxAuditBytes
	next := trail.note(AuditEntry{Index: 1000, Origin: by, What: importWords(1), Records: 1})
	size := 0
	for i := range next.list {
		size += next.list[i].size()
	}
	if last := next.list[len(next.list)-1]; last.Records != 10 || len(next.list) != len(old) || next.bytes != size || size > maxAuditBytes {
		t.Errorf("%d entries of %d bytes (counted as %d), the last one %+v", len(next.list), size, next.bytes, last)
	}
}

func TestAnOriginThatWasNotClippedIsCut(t *testing.T) {
	m := bootstrapped(t)
	entry, err := proto.Marshal(&fsmpb.Command{
		Version: commandVersion,
		Origin:  &fsmpb.Origin{Who: strings.Repeat("é", 100), From: "a\nb"},
		Body:    &fsmpb.Command_RemoveNode{RemoveNode: &fsmpb.RemoveNode{Id: "n9"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Apply(m.AppliedIndex()+1, entry); err != nil {
		t.Fatal(err)
	}
	if e := m.Audit()[0]; e.Who != strings.Repeat("é", 62)+"..." || e.From != "a b" {
		t.Errorf("entry %+v", e)
	}
	checkRestorable(t, m)
}

func TestABadAuditTrailIsNotRestored(t *testing.T) {
	m := audited(t)
	for what, spoil := range map[string]func(*fsmpb.SnapshotHeader){
		"out of order":    func(h *fsmpb.SnapshotHeader) { h.Audit[1].Index = h.Audit[0].Index },
		"of the future":   func(h *fsmpb.SnapshotHeader) { h.Audit[len(h.Audit)-1].Index = h.Index + 1 },
		"without a text":  func(h *fsmpb.SnapshotHeader) { h.Audit[0].What = "" },
		"with a long one": func(h *fsmpb.SnapshotHeader) { h.Audit[0].What = strings.Repeat("x", maxAuditWhat+1) },
	} {
		h := m.Snapshot().header()
		spoil(h)
		if err := newState().readHeader(h); err == nil || !strings.Contains(err.Error(), "audit trail") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// One node after the other can be upgraded only if what a cluster writes all the time
// stays readable.
func TestCommandsWithoutAnOriginAreReadableForTheLastRelease(t *testing.T) {
	for _, c := range []struct {
		entry encoder
		want  uint32
	}{
		{Batch{Items: []Item{AssignItem("alice", 1)}}, 4},
		{GrantLeases{Leases: []Lease{{Node: "n1"}}}, 4},
		{SetNode{NodeInfo{ID: "n1"}}, 4},
		{attributed{SetNode{NodeInfo{ID: "n1"}}, testOrigin}, 5},
	} {
		p, err := decodeCommand(encode(t, c.entry))
		if err != nil || p.Version != c.want {
			t.Errorf("%+v has version %d, want %d: %v", c.entry, p.GetVersion(), c.want, err)
		}
	}
}

func TestTheGoldenCommandsWithOriginsAreApplied(t *testing.T) {
	const file = "testdata/commands-v5.hex"
	if *update {
		writeGolden(t, file,
			encode(t, attributed{testBootstrap(), testOrigin}),
			encode(t, attributed{ChangeLibraries{Changes: []LibraryChange{SetWeight{Library: "one", Weight: 8}}}, testOrigin}),
			encode(t, attributed{imported(1, "a", "b"), testOrigin}),
		)
	}
	m := applyGolden(t, file)
	const want = "1 22:13:20.123 alice@laptop 10.0.0.7: cluster made, with libraries one, two\n" +
		"2 22:13:20.123 alice@laptop 10.0.0.7: library one: weight 100 -> 8\n" +
		"3 22:13:20.123 alice@laptop 10.0.0.7: import: records added: 2\n"
	if got := trail(m); got != want {
		t.Errorf("the trail is\n%s", got)
	}
}

func TestTheGoldenSnapshotWithAnAuditTrailIsRead(t *testing.T) {
	const file = "testdata/snapshot-v2-audit.hex"
	if *update {
		writeGolden(t, file, snapshotBytes(t, audited(t).Snapshot()))
	}
	m := New()
	if err := m.Restore(bytes.NewReader(readGolden(t, file)[0])); err != nil {
		t.Fatal(err)
	}
	if got := trail(m); got != wantTrail {
		t.Errorf("the trail is\n%s", got)
	}
	checkRestorable(t, m)
}
