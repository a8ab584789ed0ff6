package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/mysqlda/mysqlda/cluster/storage"
)

func TestDataDirectoryIsRefusedToWhomItDoesNotBelong(t *testing.T) {
	t.Parallel()
	cfg := fastConfig(t, "n1")
	n := startOne(t, cfg)
	open := func(change func(*Config)) error {
		other := cfg
		change(&other)
		n, err := Open(within(t, patience), other)
		if err == nil {
			closeNode(t, n)
		}
		return err
	}
	if err := open(func(*Config) {}); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("while another process has it: %v", err)
	}
	info, err := os.Stat(cfg.DataDir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	closeNode(t, n)

	if err := open(func(c *Config) { c.NodeID = "n2" }); !errors.Is(err, ErrOtherNode) {
		t.Errorf("under another node id: %v", err)
	}
	if err := open(func(c *Config) { c.NodeID = "" }); err != nil {
		t.Errorf("under the remembered node id: %v", err)
	}
	move := func(file string, check func()) {
		path := filepath.Join(cfg.DataDir, file)
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		check()
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
	}
	move(storage.LogFile, func() {
		if err := open(func(*Config) {}); !errors.Is(err, storage.ErrDataLost) {
			t.Errorf("without its log: %v", err)
		}
	})
	move(identityFile, func() {
		if err := open(func(*Config) {}); !errors.Is(err, storage.ErrDataLost) {
			t.Errorf("without its identity: %v", err)
		}
	})
	if err := open(func(*Config) {}); err != nil {
		t.Errorf("with everything back in place: %v", err)
	}
}

func TestNodeIDIsMadeOnceWhenNoneIsGiven(t *testing.T) {
	t.Parallel()
	cfg := fastConfig(t, "")
	n := openNode(t, cfg)
	id := n.ID()
	closeNode(t, n)
	if again := openNode(t, cfg); id == "" || again.ID() != id {
		t.Errorf("node id %q, then %q", id, again.ID())
	}
}

func TestBadConfigIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no directory":     func(c *Config) { c.DataDir = "" },
		"no address":       func(c *Config) { c.Listen = "" },
		"no gossip":        func(c *Config) { c.GossipListen = "" },
		"id with a space":  func(c *Config) { c.NodeID = "node 1" },
		"unusable address": func(c *Config) { c.Listen = "127.0.0.1:port" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := fastConfig(t, "n1")
			change(&cfg)
			n, err := Open(within(t, patience), cfg)
			if err == nil {
				closeNode(t, n)
				t.Fatal("accepted")
			}
		})
	}
}
