package check

import (
	"fmt"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// sessionsIsolated gathers looks at sessions that found something of another one.
func sessionsIsolated(e Evidence) []Finding { return breaches(e, history.Isolate) }

// removedEnd gathers nodes that went on although they are no members any more.
func removedEnd(e Evidence) []Finding { return breaches(e, history.Remove) }

// breaches are operations of that kind that tell of one by themselves: they are done
// and have an error.
func breaches(e Evidence, kind history.Kind) []Finding {
	var found []Finding
	for _, o := range e.Operations {
		if o.Kind == kind && o.Outcome == history.Done && o.Error != "" {
			found = append(found, finding(fmt.Sprintf("client %d at node %s: %s", o.Client, o.Node, o.Error), o))
		}
	}
	return found
}
