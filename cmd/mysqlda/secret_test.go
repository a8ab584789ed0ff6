package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm/seal"
)

func (f *fakeNode) Secrets(context.Context) (admin.Secrets, error) {
	if f.keys == nil {
		return admin.Secrets{Clear: 3, Locked: []string{}}, f.err
	}
	return admin.Secrets{Key: f.keys[0], Keys: f.keys, Sealed: 1, Older: 1, Locked: []string{"library x: no key"}}, f.err
}

func (f *fakeNode) Reseal(context.Context) error { return f.note("reseal") }

func TestAKeyIsMadeUp(t *testing.T) {
	code, first, _ := execute("secret", "generate")
	if ring, err := seal.ParseRing(first); code != exitDone || err != nil || ring.Current() == "" {
		t.Errorf("exit %d, %v\n%s", code, err, first)
	}
	file := filepath.Join(t.TempDir(), "key")
	code, stdout, _ := execute("secret", "generate", "--file", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.ParseRing(string(text))
	if code != exitDone || err != nil || !strings.Contains(stdout, "key "+ring.Current()+" is in "+file) || strings.Contains(stdout, strings.TrimSpace(string(text))) {
		t.Errorf("exit %d, %v\n%s", code, err, stdout)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if code, _, stderr := execute("secret", "generate", "--file", file); code != exitFailed || !strings.Contains(stderr, "is left alone") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if again, err := os.ReadFile(file); err != nil || string(again) != string(text) {
		t.Errorf("the key that was there is another one: %v", err)
	}
}

// withNodes is a node that knows of others at those HTTP addresses.
func withNodes(keys []string, others ...string) *fakeNode {
	return &fakeNode{keys: keys, shape: func(s *admin.Status) {
		s.Nodes = s.Nodes[:1]
		for i, address := range others {
			s.Nodes = append(s.Nodes, admin.NodeStatus{ID: "n" + string(rune('2'+i)), HTTP: address})
		}
	}}
}

func TestPasswordsAreSealedAnewWhenEveryNodeHasTheKey(t *testing.T) {
	has := serve(t, &fakeNode{keys: []string{"old", "new"}})
	lacks := serve(t, &fakeNode{keys: []string{"old"}})
	for _, c := range []struct {
		name  string
		node  *fakeNode
		flags string
		code  int
		want  string
		asked int
	}{
		{"all have it", withNodes([]string{"new"}, has), "", exitDone, "sealed with key new", 1},
		{"alone", withNodes([]string{"new"}), "", exitDone, "sealed with key new", 1},
		{"one lacks it", withNodes([]string{"new"}, has, lacks), "", exitFailed, "node n3 has key old", 0},
		{"one is silent", withNodes([]string{"new"}, "127.0.0.1:1"), "", exitFailed, "node n2: no node answers", 0},
		{"by force", withNodes([]string{"new"}, lacks), "--force", exitDone, "sealed with key new", 1},
		{"no key", withNodes(nil), "", exitFailed, "has no key", 0},
	} {
		args := append([]string{"secret", "rotate", "--http", serve(t, c.node)}, strings.Fields(c.flags)...)
		code, stdout, stderr := execute(args...)
		if code != c.code || !strings.Contains(stdout+stderr, c.want) || len(c.node.asked) != c.asked {
			t.Errorf("%s: exit %d, asked %q\n%s%s", c.name, code, c.node.asked, stdout, stderr)
		}
	}
}

func TestHowPasswordsAreKeptIsShown(t *testing.T) {
	_, stdout, _ := execute("secret", "status", "--http", serve(t, withNodes([]string{"new", "old"})))
	const want = "keys of this node          key new, old\nsealed with the first one  1\nsealed with an older one   1\nin the clear               0\n" +
		"not known to this node     1\nlibrary x: no key\n`mysqlda secret rotate` seals all with the first key\n"
	if stdout != want {
		t.Errorf("got\n%s, want\n%s", stdout, want)
	}
	_, stdout, _ = execute("secret", "status", "--http", serve(t, &fakeNode{}))
	if !strings.Contains(stdout, "keys of this node          no key\n") || strings.Contains(stdout, "rotate") {
		t.Error(stdout)
	}
	if code, _, stderr := execute("secret"); code != exitUsage || !strings.Contains(stderr, "secret needs one of generate, rotate and status") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}
