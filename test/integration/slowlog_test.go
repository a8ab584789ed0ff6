package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

func TestSlowStatementIsInTheNodesLogWithoutItsValues(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	o.SlowStatementMS, o.LogLevel, o.LogFormat = 300, "warn", "json"
	c, err := cluster.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	n := c.Nodes[0]
	conn := connect(t, n)
	if _, err := selectLibrary(t.Context(), conn, "cust-4711"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(within(t), "/* mysqlda core=cust-4711 */ do sleep(0.4), 'secret-4711'"); err != nil {
		t.Fatal(err)
	}
	var line struct {
		Logger, Msg, Library, Took, Digest string
	}
	err = wait.For(within(t), "the slow statement is logged", func(context.Context) error {
		log, err := os.ReadFile(n.LogFile())
		if err != nil {
			return wait.Hopeless(err)
		}
		if strings.Contains(string(log), "4711") {
			return wait.Hopeless(fmt.Errorf("a value is logged: %s", log))
		}
		for text := range strings.Lines(string(log)) {
			if json.Unmarshal([]byte(text), &line) == nil && line.Msg == "slow statement" && strings.HasPrefix(line.Digest, "do ") {
				return nil
			}
		}
		return errors.New("it is not there")
	})
	if err != nil {
		t.Fatal(err)
	}
	if line.Logger != "proxy.slow" || line.Digest != "do sleep(?), ?" || line.Took == "" || line.Library == "" {
		t.Errorf("got %+v", line)
	}
}
