package clients

// difference is a feature that does not come out through a node as it does at a
// server, for every client that can do it, and why that is right.
type difference struct {
	feature string
	route   string // on which it differs, "" for all but the direct one
	why     string
}

// differences is the only place where a difference is allowed. docs/protocol.md
// has the same table.
var differences = []difference{
	{
		feature: "connect-attributes",
		why:     "A backend connection serves many sessions, one after the other: its attributes are the node's. The client's are read by the node.",
	},
	{
		feature: "unknown-database", route: selecting,
		why: "Before a library is selected nothing says which servers should have the database. The first statement that goes to one is answered with error 1049.",
	},
}

// reasonFor returns why a feature may differ on a route, or "".
func reasonFor(feature, route string) string {
	for _, d := range differences {
		if d.feature == feature && d.allows(route) {
			return d.why
		}
	}
	return ""
}

func (d difference) allows(route string) bool {
	return route != direct && (d.route == "" || d.route == route)
}
