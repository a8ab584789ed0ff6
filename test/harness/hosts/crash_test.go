package hosts

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/need"
)

// asOwner makes the test program make hosts, say their number and wait for ever.
const asOwner = "MYSQLDA_TEST_HOSTS_AS_OWNER"

func TestMain(m *testing.M) {
	if os.Getenv(asOwner) == "" {
		os.Exit(m.Run())
	}
	n, err := New(context.Background(), "a")
	if err != nil {
		panic(err)
	}
	fmt.Println(n.number)
	select {}
}

func TestHostsOfAKilledProcessAreRemovedByTheNextOne(t *testing.T) {
	t.Parallel()
	if err := Available(); err != nil {
		need.Missing(t, err.Error())
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asOwner+"=1")
	out, err := cmd.StdoutPipe()
	must(t, err)
	owner, err := child.Start(cmd)
	must(t, err)
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	number, err := strconv.Atoi(strings.TrimSpace(line))
	must(t, err)

	must(t, sweep(t.Context()))
	if _, err := os.Stat((&Host{namespace: namespace(number, "a")}).path()); err != nil {
		t.Fatalf("the hosts of a process that lives are gone: %v", err)
	}
	must(t, owner.Kill())
	must(t, sweep(t.Context()))
	if left := leftOf(t, number); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
