package backend

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

// A password that this node cannot open keeps it from its servers, but says nothing of
// them: they have greeted.
func TestAServerIsWellWhosePasswordIsNotKnown(t *testing.T) {
	needServers(t)
	var known atomic.Bool
	m := manage(t, Config{Open: func(stored string) (string, error) {
		if stored == "" || known.Load() {
			return strings.TrimPrefix(stored, "sealed "), nil
		}
		return "", fmt.Errorf("no key for %.6s", stored)
	}}, libraries())
	s := settings()
	s.Password = "sealed " + s.Password
	set := libraries([]string{first.Addr()})
	m.Update(set, s)
	eventually(t, "probed", func() bool { return !healthOf(m, first.Addr()).CheckedAt.IsZero() })
	for range 3 {
		_, err := m.Acquire(t.Context(), 1, plain)
		var locked *LockedError
		if !errors.As(err, &locked) || !strings.Contains(err.Error(), "no key for sealed") {
			t.Fatalf("got %v", err)
		}
		if h := healthOf(m, first.Addr()); !h.Healthy {
			t.Fatalf("%+v", h)
		}
	}
	known.Store(true)
	m.Update(set, s)
	acquire(t, m, plain).Release()

	// An own account of the library goes before that of the settings.
	own := set.All()[0]
	own.Account = fsm.Account{User: "nobody_at_all", Password: "x"}
	m.Update(fsm.NewLibrarySet(2, []fsm.Library{own}), s)
	var refused *RefusedError
	if _, err := m.Acquire(t.Context(), 1, plain); !errors.As(err, &refused) || !refused.Authentication() || !strings.Contains(err.Error(), "nobody_at_all") {
		t.Fatalf("got %v", err)
	}
}
