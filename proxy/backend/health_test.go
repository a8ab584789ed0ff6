package backend

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

func healthOf(m *Manager, address string) ServerHealth {
	for _, h := range m.Health() {
		if h.Address == address {
			return h
		}
	}
	return ServerHealth{}
}

// foundDead tells a server that somebody has looked at from one whose first probe is
// still under way.
func foundDead(m *Manager, address string) bool {
	h := healthOf(m, address)
	return !h.CheckedAt.IsZero() && !h.Healthy
}

func TestHealthIsNotSwayedByOneFailure(t *testing.T) {
	failure := errors.New("connection refused")
	busy := &RefusedError{Code: codeTooManyConnections}
	lacks := &CapabilityError{Missing: wire.ClientFoundRows}
	denied := &RefusedError{Code: codeAccessDenied}
	for _, test := range []struct {
		name    string
		outcome []error
		healthy bool

		lastError string
	}{
		{"before the first", nil, true, ""},
		{"the first decides", []error{failure}, false, failure.Error()},
		{"one failure", []error{nil, failure}, true, failure.Error()},
		{"two failures", []error{nil, failure, failure}, false, failure.Error()},
		{"two failures apart", []error{nil, failure, nil, failure}, true, failure.Error()},
		{"one success", []error{failure, failure, failure, nil}, true, ""},
		{"full but well", []error{busy, busy, busy}, true, ""},
		{"well but of another version", []error{lacks, lacks}, true, ""},
		{"account refused", []error{denied}, false, denied.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHealth("a:1")
			changes := 0
			for _, err := range test.outcome {
				before := h.get().Healthy
				if changed := h.observe(err); changed != (h.get().Healthy != before) {
					t.Errorf("observe reports a change: %t", changed)
				} else if changed {
					changes++
				}
			}
			got := h.get()
			if got.Healthy != test.healthy {
				t.Errorf("%+v", got)
			}
			if got.LastError != test.lastError {
				t.Errorf("last error %q, want %q", got.LastError, test.lastError)
			}
			if got.CheckedAt.IsZero() != (len(test.outcome) == 0) {
				t.Errorf("checked at: %+v", got)
			}
		})
	}
}

// reports collects what OnHealthChange is told.
type reports struct {
	mu  sync.Mutex
	all [][]ServerHealth
}

func (r *reports) add(h []ServerHealth) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, h)
}

// last tells whether the last report is that the server is healthy or not.
func (r *reports) last(address string, healthy bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) == 0 {
		return false
	}
	return slices.ContainsFunc(r.all[len(r.all)-1], func(h ServerHealth) bool {
		return h.Address == address && h.Healthy == healthy && !h.CheckedAt.IsZero()
	})
}

func TestProbesNoticeAServerThatHangs(t *testing.T) {
	needServers(t)
	s := mysqld.ForTest(t, mysqld.Options{})
	m := manage(t, Config{ProbeTimeout: 100 * time.Millisecond}, libraries([]string{s.Addr()}))
	var seen reports
	m.OnHealthChange(seen.add)
	eventually(t, "probed", func() bool { return !healthOf(m, s.Addr()).CheckedAt.IsZero() })
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "reported dead", func() bool { return seen.last(s.Addr(), false) })
	if h := healthOf(m, s.Addr()); h.LastError == "" {
		t.Errorf("no reason is given: %+v", h)
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "reported healthy", func() bool { return seen.last(s.Addr(), true) })
}

func TestServerOfTwoLibrariesIsProbedOnceOverOneConnection(t *testing.T) {
	needServers(t)
	m := manage(t, Config{}, libraries([]string{first.Addr()}, []string{first.Addr()}))
	root := admin(t, first.Addr())
	eventually(t, "probed", func() bool { return !healthOf(m, first.Addr()).CheckedAt.IsZero() })
	checked := healthOf(m, first.Addr()).CheckedAt
	eventually(t, "probed again", func() bool { return healthOf(m, first.Addr()).CheckedAt.After(checked) })
	// Connections of tests before this one may still be closing.
	eventually(t, "one connection for probes", func() bool { return othersAt(t, root) == "1" })
	if all := m.Health(); len(all) != 1 {
		t.Errorf("%+v", all)
	}
	if p := m.Pools(); len(p) != 1 || p[0].Library != "library_1,library_2" {
		t.Errorf("%+v", p)
	}
}

func TestProbeSurvivesTheLossOfItsConnection(t *testing.T) {
	needServers(t)
	s := mysqld.ForTest(t, mysqld.Options{})
	m := manage(t, Config{}, libraries([]string{s.Addr()}))
	root := admin(t, s.Addr())
	var thread string
	eventually(t, "the probe is connected", func() bool {
		thread = query(t, root, "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER = 'test'")
		return thread != ""
	})
	query(t, root, "KILL "+thread)
	killed := time.Now()
	eventually(t, "probed twice since", func() bool { return healthOf(m, s.Addr()).CheckedAt.After(killed.Add(50 * time.Millisecond)) })
	if h := healthOf(m, s.Addr()); !h.Healthy || h.LastError != "" {
		t.Errorf("%+v", h)
	}
}
