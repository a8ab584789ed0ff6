package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/fsm"
)

// aSurvivor is the config of a stopped node of a cluster of three whose other
// nodes are gone, with what it knew when it stopped. One of the placements may
// not have been decided: it was proposed without a majority.
func aSurvivor(t *testing.T, change func(*Config)) (Config, map[string]fsm.LibraryID, []*Node) {
	t.Helper()
	nodes := startCluster(t, 3, change)
	leader, others := split(t, nodes)
	homes := make(map[string]fsm.LibraryID)
	for i := range 50 {
		core := fmt.Sprintf("customer-%d", i)
		homes[core] = resolve1(t, others[i%2], core).Library
	}
	for _, n := range others {
		kill(t, n)
	}
	command, err := fsm.Batch{
		RingVersion: leader.machine.Libraries().Version(),
		Items:       []fsm.Item{fsm.AssignItem("undecided", 1)},
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	m := leader.member.Load()
	before, err := m.stores.Log.LastIndex()
	if err != nil {
		t.Fatal(err)
	}
	m.raft.Apply(command, 0)
	eventually(t, "the undecided entry on disk", func() error {
		last, err := m.stores.Log.LastIndex()
		if err == nil && last == before {
			err = errors.New("not yet")
		}
		return err
	})
	homes["undecided"] = 1
	kill(t, leader)
	cfg := leader.cfg
	return cfg, homes, others
}

func recoverNow(t *testing.T, f Founding) Founded {
	t.Helper()
	r, err := OpenRecovery(f)
	if err != nil {
		t.Fatal(err)
	}
	founded, err := r.Run()
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return founded
}

func TestASurvivorBecomesAClusterThatOthersJoin(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"from its log": nil,
		"from its snapshot and log": func(c *Config) {
			c.Raft.SnapshotMinBytes, c.Raft.SnapshotInterval = 1<<10, 20e6
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, homes, old := aSurvivor(t, change)
			r, err := OpenRecovery(foundingOf(cfg))
			if err != nil {
				t.Fatal(err)
			}
			voters := r.Voters()
			slices.Sort(voters)
			index, term := r.Last()
			if !slices.Equal(voters, []string{"n1", "n2", "n3"}) || r.NodeID() != cfg.NodeID || index == 0 || term == 0 || r.Counts().Placements != 51 || r.Interrupted() {
				t.Errorf("the plan: node %s, voters %v, last %d in term %d, %+v", r.NodeID(), voters, index, term, r.Counts())
			}
			if _, err := OpenRecovery(foundingOf(cfg)); !errors.Is(err, storage.ErrLocked) {
				t.Errorf("a second recovery at the same time: %v", err)
			}
			oldCluster := r.ClusterID()
			founded, err := r.Run()
			if err := errors.Join(err, r.Close()); err != nil {
				t.Fatal(err)
			}
			if founded.Replaces != oldCluster || founded.ClusterID == oldCluster || founded.Index != index {
				t.Errorf("founded %+v", founded)
			}

			cfg.Listen, cfg.GossipListen = "127.0.0.1:0", "127.0.0.1:0"
			first := openNode(t, cfg)
			waitReady(t, first)
			checkHomes(t, first, homes)
			if s := first.Status(); s.Term <= term || len(s.Nodes) != 1 || s.Nodes[0].Number != 1 {
				t.Errorf("status %+v", s)
			}

			// An old member comes back where it was, and finds nobody whom it could
			// harm or who would listen to it.
			stale := openNode(t, old[0].cfg)
			if err := stale.Join(within(t, patience), []string{first.Addr()}); !errors.Is(err, ErrOtherCluster) {
				t.Errorf("an old member: %v", err)
			}

			nodes := []*Node{first}
			fresh := fastConfig(t, old[1].ID()) // an old id with an empty directory
			for _, c := range []Config{fresh, fastConfig(t, "n4")} {
				n := openNode(t, c)
				join(t, n, first.Addr())
				nodes = append(nodes, n)
			}
			waitVoters(t, nodes...)
			waitReady(t, nodes...)
			for _, n := range nodes {
				checkHomes(t, n, homes)
				resolve1(t, n, "born-after-"+n.ID())
			}
			if stale.IsReady() || stale.Status().Leader != "" {
				t.Errorf("the old member: %+v", stale.Status())
			}
		})
	}
}

func TestWhatARecoveryReplacesIsKept(t *testing.T) {
	t.Parallel()
	cfg, homes, _ := aSurvivor(t, nil)
	founded := recoverNow(t, foundingOf(cfg))
	state, err := storage.ReadState(filepath.Join(cfg.DataDir, keptDir(founded.Replaces)))
	if err != nil {
		t.Fatal(err)
	}
	for core, library := range homes {
		if p, ok := state.Machine.Locate(core); !ok || p.Library != library {
			t.Errorf("%s: %+v", core, p)
		}
	}
	id, err := readIdentity(filepath.Join(cfg.DataDir, keptDir(founded.Replaces)))
	if err != nil || id.ClusterID != founded.Replaces || id.Phase != phaseMember {
		t.Errorf("the identity that was kept: %+v, %v", id, err)
	}
	if _, err := OpenRecovery(foundingOf(cfg)); !errors.Is(err, ErrNoRecovery) {
		t.Errorf("a second recovery: %v", err)
	}
}

// The work is cut off after each step in turn, and then a second
// time after each later step of the repetition.
func TestAnInterruptedRecoveryCanBeRepeated(t *testing.T) {
	t.Parallel()
	cfg, homes, _ := aSurvivor(t, nil)
	pristine := cfg.DataDir
	steps := recoverySteps(t, foundingOf(cfg))
	if len(steps) != 8 {
		t.Fatalf("the steps are %q", steps)
	}
	turned := slices.Index(steps, "turned")
	for i, step := range steps {
		t.Run(step, func(t *testing.T) {
			cfg := cfg
			cfg.Listen, cfg.GossipListen = "127.0.0.1:0", "127.0.0.1:0"
			cfg.DataDir = t.TempDir()
			if err := os.CopyFS(cfg.DataDir, os.DirFS(pristine)); err != nil {
				t.Fatal(err)
			}
			crashAfter(t, foundingOf(cfg), step)
			if i < turned {
				// Nothing has changed yet.
				if state, err := storage.ReadState(cfg.DataDir); err != nil || state.Machine.Counts().Placements != 51 {
					t.Fatalf("before the turn the directory is not what it was: %v", err)
				}
				if id, err := readIdentity(cfg.DataDir); err != nil || id.checkPhase() != nil {
					t.Fatalf("before the turn no node starts on it: %+v, %v", id, err)
				}
			} else if n, err := Open(within(t, patience), cfg); !errors.Is(err, ErrUnfinished) {
				if err == nil {
					closeNode(t, n)
				}
				t.Fatalf("a node starts on it: %v", err)
			}
			if i+1 < len(steps) {
				crashAfter(t, foundingOf(cfg), steps[max(i+1, turned)]) // and once more, later
			}
			recoverNow(t, foundingOf(cfg))
			n := openNode(t, cfg)
			waitReady(t, n)
			checkHomes(t, n, homes)
			resolve1(t, n, "born-after")
		})
	}
}

// recoverySteps runs a recovery on a copy and lists its steps.
func recoverySteps(t *testing.T, f Founding) (steps []string) {
	t.Helper()
	pristine := f.DataDir
	f.DataDir = t.TempDir()
	if err := os.CopyFS(f.DataDir, os.DirFS(pristine)); err != nil {
		t.Fatal(err)
	}
	r, err := OpenRecovery(f)
	if err != nil {
		t.Fatal(err)
	}
	r.reached = func(step string) error { steps = append(steps, step); return nil }
	_, err = r.Run()
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return steps
}

func crashAfter(t *testing.T, f Founding, step string) {
	t.Helper()
	r, err := OpenRecovery(f)
	if err != nil {
		t.Fatal(err)
	}
	r.reached = func(s string) error {
		if s == step {
			return errCrash
		}
		return nil
	}
	if _, err := r.Run(); !errors.Is(err, errCrash) {
		t.Fatalf("step %s was not reached: %v", step, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDirectoriesThatCannotBeRecovered(t *testing.T) {
	t.Parallel()
	missing := Founding{DataDir: filepath.Join(t.TempDir(), "missing"), Address: "h:1"}
	if _, err := OpenRecovery(missing); !errors.Is(err, ErrNoRecovery) {
		t.Errorf("a missing directory: %v", err)
	}
	if _, err := os.Stat(missing.DataDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
	if _, err := OpenRecovery(Founding{DataDir: t.TempDir(), Address: "h:1"}); !errors.Is(err, ErrNoRecovery) {
		t.Errorf("an empty directory: %v", err)
	}

	cfg := fastConfig(t, "n1")
	n := startOne(t, cfg)
	if _, err := OpenRecovery(foundingOf(cfg)); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("of a running node: %v", err)
	}
	closeNode(t, n)
	if _, err := OpenRecovery(foundingOf(cfg)); !errors.Is(err, ErrNoRecovery) {
		t.Errorf("of a cluster of one: %v", err)
	}
	other := foundingOf(cfg)
	other.NodeID = "n2"
	if _, err := OpenRecovery(other); !errors.Is(err, ErrOtherNode) {
		t.Errorf("of another node: %v", err)
	}
	if err := os.Remove(filepath.Join(cfg.DataDir, storage.LogFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRecovery(foundingOf(cfg)); !errors.Is(err, storage.ErrDataLost) {
		t.Errorf("without its log: %v", err)
	}
}
