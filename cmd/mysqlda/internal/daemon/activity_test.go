package daemon

import (
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

func TestFiltersOfSessions(t *testing.T) {
	s := proxy.SessionInfo{
		User: "u", Client: "[fe80::1]:40000", Core: "c", Library: "x", State: "idle", Since: time.Now(),
	}
	for _, c := range []struct {
		filter admin.SessionFilter
		want   bool
	}{
		{admin.SessionFilter{}, true},
		{admin.SessionFilter{User: "u", Client: "fe80::1", Core: "c", Library: "x", State: "idle"}, true},
		{admin.SessionFilter{Client: "[fe80::1]:40000"}, true},
		{admin.SessionFilter{Client: "[fe80::1]:40001"}, false},
		{admin.SessionFilter{Client: "fe80::2"}, false},
		{admin.SessionFilter{User: "U"}, false},
		{admin.SessionFilter{Core: "d"}, false},
		{admin.SessionFilter{Library: "y"}, false},
		{admin.SessionFilter{State: "running"}, false},
		{admin.SessionFilter{InTransaction: true}, false},
	} {
		if got := wanted(s, c.filter); got != c.want {
			t.Errorf("%+v: %t", c.filter, got)
		}
	}
}

func TestALibrarysPoolIsThatOfAllItsServers(t *testing.T) {
	pools := []backend.PoolStats{
		{Library: "x", Server: "a:1", InUse: 1, Idle: 2, Waiting: 3},
		{Library: "x,y", Server: "b:1", InUse: 10, Idle: 20, Resetting: 30},
		{Library: "xy", Server: "c:1", InUse: 100},
	}
	got := libraryActivity("x", proxy.LibraryActivity{}, pools)
	if want := (admin.PoolCounts{InUse: 11, Idle: 22, Resetting: 30, Waiting: 3}); got.Pool != want {
		t.Errorf("got %+v, want %+v", got.Pool, want)
	}
}
