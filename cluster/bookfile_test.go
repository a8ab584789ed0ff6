package cluster

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestAddressBookThatWasChangedIsNotBelieved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	book := newAddressBook(fsm.New())
	book.hear(record{info: fsm.NodeInfo{ID: "n1", Cluster: "127.0.0.1:7001"}, starts: 4})
	if err := book.save(dir); err != nil {
		t.Fatal(err)
	}
	again := newAddressBook(fsm.New())
	if err := again.load(dir); err != nil {
		t.Fatal(err)
	}
	if info, known := again.lookup("n1"); !known || info.Cluster != "127.0.0.1:7001" {
		t.Errorf("read back: %+v, %v", info, known)
	}

	path := filepath.Join(dir, bookFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// So many starts would keep the node's own announcements out for ever.
	changed := bytes.Replace(raw, []byte(`"starts": 4`), []byte(`"starts": 4004`), 1)
	if bytes.Equal(changed, raw) {
		t.Fatalf("nothing to change in %s", raw)
	}
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	torn := newAddressBook(fsm.New())
	if err := torn.load(dir); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("loaded with %v", err)
	}
	if info, known := torn.lookup("n1"); known {
		t.Errorf("it believes %+v", info)
	}
}
