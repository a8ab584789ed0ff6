package integration

import (
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

func TestTheProgramSimulatesTheRing(t *testing.T) {
	t.Parallel()
	binary, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	said, err := runProgram(t, binary, "ring", "simulate", "--libraries", "library_1=1M", "--add", "library_2", "--objects", "100k")
	if err != nil || !strings.Contains(said, "library_2: 95% of its due not within 100000;") {
		t.Errorf("%v\n%s", err, said)
	}
}

func TestConnectionsToALibraryAreProtectedByCommand(t *testing.T) {
	t.Parallel()
	n := cluster.ForTest(t, options(t, 1)).Nodes[0]
	for _, mode := range []string{"required", "verify_ca", "off"} {
		cli(t, n, "library", "tls", libraries[0], mode)
		if said := cli(t, n, "library", "list", "-o", "json"); !strings.Contains(said, `"tls": "`+mode+`"`) {
			t.Errorf("%s:\n%s", mode, said)
		}
	}
}
