package backend

import (
	"reflect"
	"slices"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

func TestRightsOnEverythingAreReadFromGrants(t *testing.T) {
	for row, want := range map[string][]string{
		"GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*00'":       {"USAGE"},
		"GRANT Process, READ_ONLY ADMIN ON *.* TO `f`@`%` WITH GRANT OPTION": {"PROCESS", "READ_ONLY ADMIN"},
		"GRANT ALL PRIVILEGES ON `test`.* TO `app`@`%`":                      nil,
		"GRANT `role`@`%` TO `app`@`%`":                                      nil,
		"GRANT CONNECTION_ADMIN,SYSTEM_VARIABLES_ADMIN ON *.* TO `app`@`%`":  {"CONNECTION_ADMIN", "SYSTEM_VARIABLES_ADMIN"},
	} {
		if got := grantedOnAll(row); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", row, got, want)
		}
	}
}

func TestAServerIsExaminedByAnyAccount(t *testing.T) {
	t.Parallel()
	s := mysqld.ForTest(t, mysqld.Options{Replication: &mysqld.Replication{ServerID: 7}})
	for _, c := range []struct {
		as    mysqld.Account
		right bool // that only who operates servers has
	}{{mysqld.App, false}, {mysqld.Failover, true}} {
		e, err := Examine(t.Context(), s.Addr(), Login{User: c.as.User, Password: c.as.Password}, []string{"server_id", "no_such_variable"})
		if err != nil {
			t.Fatal(err)
		}
		if e.Facts.Version == "" || e.Variables["server_id"] != "7" || len(e.Variables) != 1 {
			t.Errorf("%s: got %+v", c.as.User, e)
		}
		lacks := slices.DeleteFunc(slices.Clone(e.Needed), e.HasRight)
		if c.right != (len(lacks) == 0) || c.right != (e.Missing == "") {
			t.Errorf("%s lacks %q, and %q", c.as.User, lacks, e.Missing)
		}
	}
	if _, err := Examine(t.Context(), s.Addr(), Login{User: "app", Password: "another"}, nil); err == nil {
		t.Error("a wrong password is no error")
	}
}
