package backend

import (
	"slices"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

// Fencing ends connections of all these: one that it forgot could still write.
func TestConnectionsMayBeThoseOfEarlierAccounts(t *testing.T) {
	own := func(user string, former ...string) *fsm.Library {
		return &fsm.Library{Servers: []fsm.Server{{Address: "h:1"}}, Account: fsm.Account{User: user}, FormerUsers: former}
	}
	for _, c := range []struct {
		owner *fsm.Library
		want  []string
	}{
		{own(""), []string{"app"}},
		{own("shop"), []string{"app", "shop"}},
		{own("", "shop"), []string{"app", "shop"}},
		{own("shop", "old", "shop", "app"), []string{"app", "shop", "old"}},
	} {
		if got := clientUsers("app", c.owner); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.owner, got, c.want)
		}
	}
	a, b := *own("shop"), *own("")
	a.ID, b.ID, b.Servers = 1, 2, []fsm.Server{{Address: "h:2"}, {Address: "h:3"}}
	owners := ownersOf(fsm.NewLibrarySet(1, []fsm.Library{a, b}))
	if len(owners) != 3 || owners["h:1"].ID != 1 || owners["h:2"].ID != 2 || owners["h:3"].ID != 2 {
		t.Errorf("%+v", owners)
	}
}
