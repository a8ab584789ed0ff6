package proxy_test

import (
	"testing"

	"github.com/mysqlda/mysqlda/proxy"
)

func TestActivityIsThatOfEachLibrary(t *testing.T) {
	t.Parallel()
	n := start(t)
	first, second := n.open(t), n.open(t)
	exec(t, first, "select library a1")
	exec(t, first, "do 1")
	execError(t, first, 1146, "select nothing from nowhere")
	exec(t, second, "select library a2")
	exec(t, second, "begin")

	var got proxy.Activity
	eventually(t, "both sessions wait for a command", func() bool {
		got = n.Activity()
		return got.Sessions.Idle == 2
	})
	if want := (proxy.SessionCounts{Open: 2, Idle: 2, InTransaction: 1}); got.Sessions != want {
		t.Errorf("sessions are %+v, want %+v", got.Sessions, want)
	}
	one, two := got.Libraries["library_1"], got.Libraries["library_2"]
	if one.Sessions != 1 || one.Statements["read"] != 2 || one.Errors != 1 || one.Latency.Count() != 2 {
		t.Errorf("library_1: %+v", one)
	}
	if two.Sessions != 1 || two.Statements["transaction"] != 1 || two.Errors != 0 || two.BytesIn == 0 || two.BytesOut == 0 {
		t.Errorf("library_2: %+v", two)
	}

	infos := n.Sessions()
	if len(infos) != 2 {
		t.Fatalf("%d sessions", len(infos))
	}
	for _, info := range infos {
		if inside := info.Library == "library_2"; info.InTransaction != inside || info.State != "idle" || info.Commands < 2 {
			t.Errorf("%+v", info)
		}
	}
	exec(t, second, "commit")
	eventually(t, "the transaction is over", func() bool { return n.Activity().Sessions.InTransaction == 0 })
}

func TestLibrariesWithoutSessionsHaveZeros(t *testing.T) {
	t.Parallel()
	got := start(t).Activity()
	for _, name := range []string{"library_1", "library_2"} {
		l, known := got.Libraries[name]
		if n, counted := l.Statements["read"]; !known || !counted || n != 0 {
			t.Errorf("%s: %+v", name, l)
		}
	}
}
