package daemon

import (
	"os"
	"slices"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

func TestTheNamesOfANodeAreThoseOfItsConfigAndItsMachine(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse("/n.conf", []byte(`{"node": {"advertise": "db1.example.com"}, "cluster": {"listen": "nodes.db1:13307"},
		"http": {"listen": "ops.db1:13309", "host_names": ["mysqlda"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	names := hostNames(cfg)
	for _, name := range []string{"db1.example.com", "nodes.db1", "ops.db1", "mysqlda", machine} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not among %q", name, names)
		}
	}
	if slices.Contains(names, "") {
		t.Errorf("no name is one: %q", names)
	}
}
