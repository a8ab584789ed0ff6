package fsm

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Later releases must go on reading the golden snapshot.
func TestTheGoldenSnapshotIsRead(t *testing.T) {
	const file = "testdata/snapshot-v2.hex"
	if *update {
		writeGolden(t, file, snapshotBytes(t, sample(t).Snapshot()))
	}
	m := New()
	if err := m.Restore(bytes.NewReader(readGolden(t, file)[0])); err != nil {
		t.Fatal(err)
	}
	if p, ok := m.Locate("客户-1"); !ok || p.Library != 1 {
		t.Errorf("located %+v, %v", p, ok)
	}
	if core, ok := m.FindBinding("phone", "1"); !ok || core != "alice" {
		t.Errorf("found %q, %v", core, ok)
	}
	if l := m.Libraries().ByName("one"); l == nil || l.Active != "h:1" || l.ActiveEpoch != 2 {
		t.Errorf("library one: %+v", l)
	}
	if l := m.Libraries().ByName("two"); l == nil || l.TLS != TLSVerifyCA {
		t.Errorf("library two: %+v", l)
	}
	if l := m.Libraries().ByName("three"); l == nil || l.State != LibraryDraining {
		t.Errorf("library three: %+v", l)
	}
	if g := m.Greetings(); len(g) != 1 || g["h:3"] != greetingOf1 {
		t.Errorf("greetings %+v", g)
	}
	if s := m.Settings(); s.MaxShareMille != 300 || s.Balance != BalanceData {
		t.Errorf("settings %+v", s)
	}
	if m.Settings().ClusterID != testClusterID || m.Settings().DefaultCore != "somebody" || len(m.Nodes()) != 1 || m.Nodes()[0].Number != 1 {
		t.Errorf("settings %+v, nodes %+v", m.Settings(), m.Nodes())
	}
}

// A log may hold the golden commands for as long as the cluster lives, and they
// must give the same state for ever.
func TestTheGoldenCommandsAreApplied(t *testing.T) {
	const file = "testdata/commands-v3.hex"
	if *update {
		writeGolden(t, file,
			encode(t, testBootstrap()),
			encode(t, SetNode{NodeInfo{ID: "n1", MySQL: "h:1"}}),
			encode(t, SetNode{NodeInfo{ID: "n2", MySQL: "h:2"}}),
			encode(t, RemoveNode{ID: "n2"}),
			encode(t, ChangeLibraries{ExpectVersion: 1, Changes: []LibraryChange{
				AddLibrary{Name: "three", Weight: 7, Servers: []Server{{"h:3"}}, TLS: TLSRequired},
				SetWeight{Library: "three", Weight: 8},
				SetTLS{Library: "three", TLS: TLSVerifyIdentity},
				SetState{Library: "two", State: LibraryClosed},
				SetServers{Library: "one", Servers: []Server{{"h:1"}, {"h:2"}}},
			}}),
			encode(t, Batch{RingVersion: 2, Items: []Item{
				AssignItem("alice", 1), BindItem("card", "1", "alice"), LocateItem("alice"), FindItem("card", "1"),
			}}),
			encode(t, Checkpoint{Index: 1000}),
			encode(t, RecordGreeting{Address: "h:3", Greeting: greetingOf1}),
			encode(t, ChangeLibraries{Changes: []LibraryChange{SetState{Library: "three", State: LibraryDraining}}}),
			encode(t, ChangeSettings{MaxShareMille: new(uint32(300)), Balance: new(BalanceData)}),
		)
	}
	m := New()
	for i, command := range readGolden(t, file) {
		if _, err := m.Apply(uint64(i+1), command); err != nil {
			t.Fatalf("entry %d: %v", i+1, err)
		}
	}
	const wantHash = "0660730462e3d0f1f812ec9ea8625b43468329dc180f255846435a33602bd096"
	const wantDigest = "66433ff4d5092479"
	if _, hash, digest := m.Fingerprint(); hash.String() != wantHash || digest.String() != wantDigest {
		t.Errorf("hash %s digest %s, want %s %s", hash, digest, wantHash, wantDigest)
	}
	const wantLibraries = "[{1 one open 100 [{h:1} {h:2}] off h:1 2} {2 two closed 100 [{[fe80::1]:3306}] off [fe80::1]:3306 1} {3 three draining 8 [{h:3}] verify_identity h:3 1}]"
	if got := fmt.Sprint(m.Libraries().All()); got != wantLibraries {
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
	if s := m.Settings(); s.DefaultCore != "somebody" || s.MaxShareMille != 300 || s.Balance != BalanceData {
		t.Errorf("settings %+v", s)
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
