package cluster

import (
	"testing"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/need"
)

func TestAClusterIsWholeOnceItIsOpen(t *testing.T) {
	t.Parallel()
	if !mysqld.Available() {
		need.Missing(t, mysqld.ErrNotInstalled.Error())
	}
	binary, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"loopback": {Nodes: 1, Spare: 1},
		"hosts":    {Nodes: 3, Spare: 1, Hosts: true, Moving: true, SmallDisks: true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := hosts.Available(); o.Hosts && err != nil {
				need.Missing(t, err.Error())
			}
			o.Binary, o.Dir = binary, t.TempDir()
			c, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}()
			if leader, err := c.Leader(t.Context()); err != nil || !leader.Member() {
				t.Errorf("the leader is %+v: %v", leader, err)
			}
			if len(c.Members()) != o.Nodes {
				t.Errorf("%d members", len(c.Members()))
			}
		})
	}
}
