package check

import (
	"fmt"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// sessionsIsolated gathers looks at sessions that found something of another one.
func sessionsIsolated(e Evidence) []Finding {
	var found []Finding
	for _, o := range e.Operations {
		if o.Kind == history.Isolate && o.Outcome == history.Done && o.Error != "" {
			found = append(found, finding(fmt.Sprintf("client %d at node %s: %s", o.Client, o.Node, o.Error), o))
		}
	}
	return found
}
