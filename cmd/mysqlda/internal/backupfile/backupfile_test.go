package backupfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/wholefile"
	"github.com/mysqlda/mysqlda/fsm"
)

const secret = "the-account's-password"

// aBackup holds ten core objects, odd ones in library 1 and even ones in library
// 2, and a card of one of them.
func aBackup(t *testing.T) []byte {
	t.Helper()
	m := fsm.New()
	index := uint64(0)
	apply := func(command []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		index++
		if r, err := m.Apply(index, command); err != nil || r.Err != nil {
			t.Fatal(err, r.Err)
		}
	}
	apply(fsm.Bootstrap{
		Settings: fsm.Settings{
			ClusterID: strings.Repeat("01", 16), User: "app", Password: secret, Database: "appdb", DefaultLibrary: "one", MaxShareMille: 300, Balance: fsm.BalanceData, UnusedForwardSessionTimeout: time.Minute,
			Failover: fsm.FailoverSettings{RequireFencing: true, User: "f", Password: secret, ReplicationUser: "r", ReplicationPassword: secret},
		},
		Libraries: []fsm.AddLibrary{
			{Name: "one", Weight: 100, Servers: []fsm.Server{{Address: "h:1"}, {Address: "h:2"}}, Failover: fsm.Failover{Policy: fsm.FailoverOrdered, Failback: true}},
			{Name: "two", Weight: 50, Servers: []fsm.Server{{Address: "h:3"}}},
		},
	}.Encode())
	apply(fsm.SetNode{NodeInfo: fsm.NodeInfo{ID: "n1", Cluster: "h:13307", Version: "1.0.0"}}.Encode())
	var items []fsm.Item
	for i := range 9 {
		items = append(items, fsm.AssignItem(fmt.Sprint("cust-", i), fsm.LibraryID(1+i%2)))
	}
	items = append(items, fsm.AssignItem("cust-9", 1), fsm.BindItem("card", "330001", "cust-3"))
	apply(fsm.Batch{RingVersion: m.Libraries().Version(), Items: items}.Encode())
	apply(fsm.BeginSwitch{Library: 1, Epoch: 1, To: "h:2", Cause: fsm.CauseFailed, Reason: "it is down", Forced: true}.Encode())
	apply(fsm.ChangeLibraries{Changes: []fsm.LibraryChange{fsm.SetPinned{Library: "one", Pinned: true}}}.Encode())
	var b bytes.Buffer
	if _, err := m.Snapshot().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestContentsAreShownWithoutThePassword(t *testing.T) {
	backup := aBackup(t)
	c, err := Read(iotest.HalfReader(bytes.NewReader(backup)), Question{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Index != 5 || c.Placements != 10 || c.Bindings != 1 || c.Bytes != int64(len(backup)) || len(c.Hash) != 64 || len(c.Digest) != 16 || c.Placement != nil {
		t.Errorf("contents %+v", c)
	}
	if want := (Settings{
		ClusterID: strings.Repeat("01", 16), User: "app", Database: "appdb", DefaultLibrary: "one", UnusedForwardSessionTimeout: 60, MaxShare: "0.3", Balance: "data",
		Failover: Failover{Wait: 15, Lease: 6, Cooldown: 10, RequireFencing: true, User: "f", ReplicationUser: "r"},
	}); c.Settings == nil || *c.Settings != want {
		t.Errorf("settings %+v", c.Settings)
	}
	if want := []Library{
		{
			ID: 1, Name: "one", State: "open", Weight: 100, TLS: "off", Placements: 6, Servers: []string{"h:1", "h:2"}, Failover: "ordered", Failback: true, Pinned: true,
			Switch: &Switch{Phase: "retired", From: "h:1", To: "h:2", Cause: "failed", Reason: "it is down", Forced: true},
		},
		{ID: 2, Name: "two", State: "open", Weight: 50, TLS: "off", Placements: 4, Servers: []string{"h:3"}, Active: "h:3", Failover: "off"},
	}; !reflect.DeepEqual(c.Libraries, want) {
		t.Errorf("libraries %+v", c.Libraries)
	}
	if want := []Node{{ID: "n1", Cluster: "h:13307", Version: "1.0.0"}}; !reflect.DeepEqual(c.Nodes, want) {
		t.Errorf("nodes %+v", c.Nodes)
	}
	if want := []User{{Name: "app", Role: "client", Networks: []string{}}}; !reflect.DeepEqual(c.Users, want) {
		t.Errorf("users %+v", c.Users)
	}
	if strings.Contains(fmt.Sprintf("%+v %+v", c, c.Settings), secret) {
		t.Error("the password is shown")
	}
}

func unwatched(r io.Reader) (io.Reader, func()) { return r, func() {} }

func TestQuestionsAboutOneCoreObject(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b")
	if _, err := Write(path, false, bytes.NewReader(aBackup(t))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		q    Question
		want Placement
	}{
		{Question{Core: "cust-3"}, Placement{Core: "cust-3", Library: "two", Epoch: 1}},
		{Question{Core: "cust-99"}, Placement{Core: "cust-99"}},
		{Question{Class: "card", Object: "330001"}, Placement{Core: "cust-3", Library: "two", Epoch: 1}},
		{Question{Class: "card", Object: "cust-3"}, Placement{}},
		{Question{Class: "phone", Object: "330001"}, Placement{}},
	} {
		got, err := ReadFile(path, c.q, unwatched)
		if err != nil || got.Placement == nil || *got.Placement != c.want {
			t.Errorf("%+v: %+v, %v", c.q, got.Placement, err)
		}
	}
}

func TestDamageIsLocated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b")
	backup := aBackup(t)
	backup[len(backup)/2] ^= 1
	if err := os.WriteFile(path, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path, Question{}, unwatched); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), " at byte ") {
		t.Errorf("got %v", err)
	}
}

// only checks that a directory holds these files and no other.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	if fmt.Sprint(found) != fmt.Sprint(names) {
		t.Errorf("the directory has %q, want %q", found, names)
	}
}

func TestAFileAppearsWholeAndForItsOwnerOnly(t *testing.T) {
	backup, dir := aBackup(t), t.TempDir()
	path := filepath.Join(dir, "b")
	c, err := Write(path, false, bytes.NewReader(backup))
	if err != nil || c.Placements != 10 {
		t.Fatalf("%+v, %v", c, err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, backup) {
		t.Errorf("%d bytes of %d, %v", len(got), len(backup), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	only(t, dir, "b")
}

func TestAFileIsReplacedByForceOnly(t *testing.T) {
	backup, dir := aBackup(t), t.TempDir()
	path := filepath.Join(dir, "b")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(path, false, bytes.NewReader(backup)); !errors.Is(err, wholefile.ErrExists) {
		t.Errorf("without force: %v", err)
	}
	if _, err := Write(path, true, bytes.NewReader(backup[:len(backup)-1])); err == nil {
		t.Error("a backup that was cut replaced a file")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "before" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	if _, err := Write(path, true, bytes.NewReader(backup)); err != nil {
		t.Errorf("with force: %v", err)
	}
	if _, err := Write(dir, true, bytes.NewReader(backup)); !errors.Is(err, wholefile.ErrExists) {
		t.Errorf("over a directory: %v", err)
	}
	only(t, dir, "b")
}

func TestABackupThatIsNotWholeLeavesNothingBehind(t *testing.T) {
	backup := aBackup(t)
	cut := errors.New("the connection is cut")
	for name, stream := range map[string]io.Reader{
		"the stream is cut":      &cutReader{bytes.NewReader(backup[:len(backup)/2]), cut},
		"the stream ends early":  iotest.DataErrReader(bytes.NewReader(backup[:len(backup)/2])),
		"nothing comes":          bytes.NewReader(nil),
		"something else follows": bytes.NewReader(append(slices.Clone(backup), 1)),
	} {
		dir := t.TempDir()
		if _, err := Write(filepath.Join(dir, "b"), false, stream); err == nil {
			t.Errorf("%s: it was written", name)
		}
		only(t, dir)
	}
}

// cutReader fails where the bytes end.
type cutReader struct {
	*bytes.Reader
	err error
}

func (c *cutReader) Read(p []byte) (int, error) {
	if c.Len() == 0 {
		return 0, c.err
	}
	return c.Reader.Read(p)
}
