package main

import (
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/need"
)

// TestScenarios goes once through those scenarios that matter most, whatever times they
// take on this machine. `make failover` goes through all.
func TestScenarios(t *testing.T) {
	if err := hosts.Available(); err != nil {
		need.Missing(t, err.Error())
	}
	if !mysqld.Available() {
		need.Missing(t, mysqld.ErrNotInstalled.Error())
	}
	binary, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios() {
		if !s.quick {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			res, err := goThrough(t.Context(), binary, s, 1, false)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(res.summary())
			if !res.none() {
				t.Errorf("%s: see %s", s.title, res.kept)
			}
		})
	}
}
