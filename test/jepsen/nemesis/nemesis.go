package nemesis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// Site is where injuries are done.
type Site struct {
	Cluster  *cluster.Cluster
	Recorder *history.Recorder
	Random   *rand.Rand // nobody else draws from it

	nemesis string // that strikes here, for the record
}

// Nemesis is a kind of injury.
type Nemesis struct {
	Name, About string

	NeedsHosts      bool // nodes and servers on hosts of their own
	NeedsRoot       bool
	NeedsMoving     bool // a library whose active server can change
	NeedsSmallDisks bool

	endsNodes bool // a node may end itself over it, also some time later

	// strike injures something, waits for a random time or until ctx ends, and heals
	// it. It does nothing if there is nothing that it may injure.
	strike func(ctx context.Context, s *Site) error
}

// Choose returns the nemeses of those names, in the order of the table: "kill,pause",
// "all" that are available here, or "none". One that was named and is not available
// is an error, as an unknown one is.
func Choose(names string, available func(Nemesis) bool) ([]Nemesis, error) {
	switch names {
	case "none":
		return nil, nil
	case "all":
		return slices.DeleteFunc(slices.Clone(All), func(n Nemesis) bool { return !available(n) }), nil
	}
	wanted := strings.Split(names, ",")
	for _, name := range wanted {
		at := slices.IndexFunc(All, func(n Nemesis) bool { return n.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no nemesis %q, but there are: all, none, %s", name, known())
		}
		if !available(All[at]) {
			return nil, fmt.Errorf("nemesis %s is not possible here: hosts %t, root %t, moving %t, small disks %t are needed", name,
				All[at].NeedsHosts, All[at].NeedsRoot, All[at].NeedsMoving, All[at].NeedsSmallDisks)
		}
	}
	return slices.DeleteFunc(slices.Clone(All), func(n Nemesis) bool { return !slices.Contains(wanted, n.Name) }), nil
}

func known() string {
	var names []string
	for _, n := range All {
		names = append(names, n.Name)
	}
	return strings.Join(names, ", ")
}
