package cluster

import (
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestAddressBookBelievesTheLatestStart(t *testing.T) {
	machine := fsm.New()
	set := func(index uint64, address string) {
		t.Helper()
		command, err := fsm.SetNode{NodeInfo: fsm.NodeInfo{ID: "n1", Cluster: address}}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := machine.Apply(index, command); err != nil {
			t.Fatal(err)
		}
	}
	book := newAddressBook(machine)
	at := func(want string) {
		t.Helper()
		if info, _ := book.lookup("n1"); info.Cluster != want {
			t.Errorf("n1 is at %q, want %q", info.Cluster, want)
		}
	}
	hear := func(starts uint64, address string) bool {
		return book.hear(record{info: fsm.NodeInfo{ID: "n1", Cluster: address}, starts: starts})
	}
	at("")
	set(1, "10.0.0.1:1")
	at("10.0.0.1:1")
	if !hear(5, "10.0.0.5:1") {
		t.Error("a first announcement is no news")
	}
	at("10.0.0.5:1")
	if hear(4, "10.0.0.4:1") || hear(5, "10.0.0.4:1") {
		t.Error("old announcements are news")
	}
	at("10.0.0.5:1")
	if hear(6, "10.0.0.5:1") {
		t.Error("the same addresses are news")
	}
	if all := book.all(); len(all) != 1 || all[0].starts != 6 {
		t.Errorf("all: %+v", all)
	}
	book.forget("n1")
	at("10.0.0.1:1")
}

func TestAdvertisedAddress(t *testing.T) {
	for _, c := range []struct{ host, listen, want string }{
		{"", "10.0.0.1:13307", "10.0.0.1:13307"},
		{"db1.example", "0.0.0.0:13307", "db1.example:13307"},
		{"::1", "[::]:13307", "[::1]:13307"},
		{"", "db1.example:13307", "db1.example:13307"},
	} {
		got, err := advertised(c.host, c.listen)
		if err != nil || got != c.want {
			t.Errorf("host %q, listening on %s: %q, %v; want %q", c.host, c.listen, got, err, c.want)
		}
	}
}
