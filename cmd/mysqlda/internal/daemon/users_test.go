package daemon

import (
	"errors"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

func TestNoAdministratorHasTheNameOfTheCluster(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, role string
		refused    bool
	}{
		{"mysqlda", "admin", true},
		{"node:n1", "admin", true},
		{"mysqlda", "client", false},
		{"dba", "admin", false},
	} {
		_, err := changedUser(fsm.User{Name: c.name}, admin.UserChange{Role: &c.role})
		if refused := errors.Is(err, admin.ErrReserved) && errors.Is(err, admin.ErrBadRequest); refused != c.refused || !refused && err != nil {
			t.Errorf("%s as %s: %v", c.name, c.role, err)
		}
	}
	// Who is one already can be changed, and be none any more.
	if _, err := changedUser(fsm.User{Name: "mysqlda", Role: fsm.RoleAdmin}, admin.UserChange{Locked: new(true)}); err != nil {
		t.Error(err)
	}
}
