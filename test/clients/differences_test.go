package clients

// difference is a feature that does not come out through a node as it does at a
// server, for every client that can do it, and why that is right.
type difference struct {
	feature string
	why     string
}

// differences is the only place where a difference is allowed. docs/protocol.md
// has the same table.
var differences = []difference{
	{
		"connect-attributes",
		"A backend connection serves many sessions, one after the other: its attributes are the node's. The client's are read by the node.",
	},
}

// reasonFor returns why a feature may differ, or "".
func reasonFor(feature string) string {
	for _, d := range differences {
		if d.feature == feature {
			return d.why
		}
	}
	return ""
}
