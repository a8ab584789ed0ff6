package main

import (
	"errors"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/await"
)

func TestOtherNodesAreNotShownATokenInTheClear(t *testing.T) {
	t.Parallel()
	const named, other = "0.0.0.0:2", "0.0.0.0:1"
	known := target{named: named, shown: admin.Credentials{Token: "t"}}
	refused := new(admin.TokenInClearError)
	if _, err := known.connect(other).Status(t.Context()); !errors.As(err, &refused) {
		t.Errorf("another node: %v", err)
	}
	if _, err := known.connect(named).Status(t.Context()); err == nil || errors.As(err, &refused) {
		t.Errorf("the node that was named: %v", err)
	}

	// Nothing is waited for that cannot be asked.
	waits := changeTarget{target: known, waiting: waiting{wait: true, timeout: time.Hour}}
	status := admin.Status{Node: "n1", Nodes: []admin.NodeStatus{{ID: "n1", HTTP: "10.0.0.1:13309"}, {ID: "n2", HTTP: other}}}
	nodes := waits.members(status)
	if len(nodes) != 2 || nodes[0].HTTP != named || nodes[1].HTTP != other {
		t.Errorf("%+v", nodes)
	}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	if err := waits.until(cmd, nodes, await.Applied(1)); !errors.As(err, &refused) || refused.Address != other {
		t.Errorf("waiting: %v", err)
	}
}
