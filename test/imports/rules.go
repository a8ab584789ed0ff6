// Package imports holds the rules about which package may import which, and the
// test that keeps them. The reasons are in docs/design.md.
package imports

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

const module = "github.com/mysqlda/mysqlda"

// Package is what the rules look at: a package and what its non-test files
// import.
type Package struct {
	ImportPath string
	Imports    []string
}

// room names the place of a package in the module, "" for other modules'
// packages: the root's is ".".
func room(importPath string) string {
	if importPath == module {
		return "."
	}
	rest, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return ""
	}
	return rest
}

// in tells whether a room is one of the given trees or inside of one.
func in(room string, trees ...string) bool {
	return slices.ContainsFunc(trees, func(tree string) bool {
		return room == tree || strings.HasPrefix(room, tree+"/")
	})
}

// standard tells whether the path is of the standard library: only its first
// element has no dot.
func standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

func protobuf(importPath string) bool {
	return importPath == "google.golang.org/protobuf" || strings.HasPrefix(importPath, "google.golang.org/protobuf/")
}

// clusterOnly are the modules that the data path must be readable without.
var clusterOnly = []string{
	"github.com/hashicorp/raft",
	"github.com/hashicorp/raft-boltdb",
	"github.com/hashicorp/memberlist",
}

// rule returns why the room from must not import the package to, which lies in
// toRoom ("" for other modules), or "".
type rule func(from, to, toRoom string) string

var rules = []rule{
	func(from, to, _ string) string {
		if in(from, "ring", "proxy/stmt") && !standard(to) {
			return from + " is pure: it imports the standard library only"
		}
		return ""
	},
	func(from, to, toRoom string) string {
		if in(from, "fsm") && !standard(to) && !protobuf(to) && !in(toRoom, "fsm") {
			return "fsm is deterministic state: beside the standard library it imports only protobuf, for its commands"
		}
		return ""
	},
	func(from, _, to string) string {
		if in(from, "proxy") && in(to, "cluster") {
			return "the data path knows the cluster only as proxy.Directory"
		}
		if in(from, "cluster") && in(to, "proxy") {
			return "the cluster does not know the data path"
		}
		return ""
	},
	func(from, to, _ string) string {
		if from != "" && !in(from, "cluster") && slices.ContainsFunc(clusterOnly, func(m string) bool { return to == m || strings.HasPrefix(to, m+"/") }) {
			return "only cluster may know of Raft and gossip"
		}
		return ""
	},
	func(from, to, _ string) string {
		if from != "" && !in(from, "proxy/tracing", "test/harness/otlp") && strings.HasPrefix(to, "go.opentelemetry.io/") {
			return "only proxy/tracing knows of OpenTelemetry"
		}
		return ""
	},
	func(from, _, to string) string {
		if in(from, "cluster/storage") && in(to, "cluster") && !in(to, "cluster/storage") {
			return "what a node keeps on disk does not know the cluster that it is of"
		}
		return ""
	},
	func(from, to, toRoom string) string {
		if in(from, "cluster/failover") && (slices.ContainsFunc(clusterOnly, func(m string) bool { return to == m || strings.HasPrefix(to, m+"/") }) ||
			strings.HasPrefix(to, "google.golang.org/") || in(toRoom, "cluster") && !in(toRoom, "cluster/failover")) {
			return "what decides on active servers knows the cluster as failover.Cluster"
		}
		return ""
	},
	func(from, to, _ string) string {
		if in(from, "cmd/mysqlda/internal/console") && !standard(to) {
			return "the console is files that ask the API: it imports the standard library only"
		}
		return ""
	},
	func(from, _, to string) string {
		if in(to, "cmd") && !in(from, "cmd") {
			return "nothing imports the commands"
		}
		return ""
	},
	func(from, _, to string) string {
		if in(to, "test", "scripts") && !in(from, "test", "scripts") {
			return "the product does not import what tests it"
		}
		return ""
	},
	func(from, _, to string) string {
		if may, ok := failureTests[from]; in(from, "test/jepsen") && to != "" && (!ok || !in(to, may...)) {
			return "what makes a run, what judges it and what shows it are apart; a new room of the failure tests has its line in failureTests"
		}
		return ""
	},
}

// failureTests are the rooms below test/jepsen, each with those of this module that it may
// import. So what judges a run knows nothing of what has made it, and the product is
// known as a program only.
var failureTests = map[string][]string{
	"test/jepsen/history":  {},
	"test/jepsen/model":    {"test/jepsen/history"},
	"test/jepsen/check":    {"test/jepsen/history", "test/jepsen/model"},
	"test/jepsen/report":   {"test/jepsen/history", "test/jepsen/check"},
	"test/jepsen/cluster":  {"test/harness"},
	"test/jepsen/workload": {"test/jepsen/history", "test/jepsen/cluster", "test/harness"},
	"test/jepsen/nemesis":  {"test/jepsen/history", "test/jepsen/cluster", "test/harness"},
	"test/jepsen/mutants":  {},
	"test/jepsen":          {"test/jepsen", "test/harness"},
}

// vagueNames are names under which anything could be put.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "shared"}

// Violations returns one readable line for every broken rule.
func Violations(packages []Package) []string {
	var found []string
	for _, p := range packages {
		from := room(p.ImportPath)
		if slices.Contains(vagueNames, path.Base(p.ImportPath)) {
			found = append(found, fmt.Sprintf("%s: a package is named after its one idea, not %q", from, path.Base(p.ImportPath)))
		}
		for _, to := range p.Imports {
			for _, broken := range rules {
				if why := broken(from, to, room(to)); why != "" {
					found = append(found, fmt.Sprintf("%s imports %s: %s", from, to, why))
				}
			}
		}
	}
	return found
}
