package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func TestLibrariesGetAccountsByCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args    string
		code    int
		account *admin.Account // that the node is asked to set
		want    string
	}{
		{"x --user u --password-file " + file, exitDone, &admin.Account{User: "u", Password: "s3cret"}, "library x is logged in to as u"},
		{"x --cluster", exitDone, &admin.Account{}, "library x is logged in to with the account of the cluster"},
		{"x", exitUsage, nil, "--user is missing"},
		{"x --user u --cluster", exitUsage, nil, "exclude each other"},
		{"x --cluster --generate", exitUsage, nil, "--cluster takes no password"},
		{"", exitUsage, nil, "NAME is missing"},
	} {
		node := &fakeNode{}
		args := append([]string{"library", "account"}, strings.Fields(c.args)...)
		code, stdout, stderr := execute(append(args, "--http", serve(t, node))...)
		if code != c.code || !strings.Contains(stdout+stderr, c.want) || strings.Contains(stdout+stderr, "s3cret") {
			t.Errorf("%s: exit %d\n%s%s", c.args, code, stdout, stderr)
		}
		var want []admin.LibraryChanges
		if c.account != nil {
			want = []admin.LibraryChanges{{Changes: []admin.LibraryChange{{Op: admin.SetAccount, Library: "x", Account: c.account}}}}
		}
		if !reflect.DeepEqual(node.changes, want) {
			t.Errorf("%s: asked %+v", c.args, node.changes)
		}
	}
}

func TestAnAccountOfALibraryIsShown(t *testing.T) {
	address := serve(t, &fakeNode{shape: func(s *admin.Status) { s.Libraries[1].Account = "shop" }})
	_, stdout, _ := execute("library", "list", "--http", address)
	if !strings.Contains(stdout, "\nlibrary mysql_data_2: nodes log in to its servers as shop\n") || strings.Contains(stdout, "mysql_data_1: nodes") {
		t.Error(stdout)
	}
}
