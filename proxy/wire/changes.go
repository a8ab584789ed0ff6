package wire

// maxTracked bounds how much of an OK packet is looked at for changes of the
// session, in bytes.
const maxTracked = 4 << 10

// Changes are what a server has reported about its session in the OK packets of
// one answer, where SESSION_TRACK is agreed.
type Changes struct {
	// Schema is the new default database, valid if HasSchema.
	Schema    string
	HasSchema bool
	// Variables are system variables that were set, in order.
	Variables []Variable
	// Incomplete says that there was more than could be looked at.
	Incomplete bool
}

// Variable is a system variable and its new value.
type Variable struct{ Name, Value string }

// Kinds of changes, as an OK packet numbers them. Others say nothing that a relay
// needs: that something changed, GTIDs, the state of the transaction.
const (
	trackVariables = 0
	trackSchema    = 1
)

// add reads the changes of an OK packet from behind its text. c may be nil.
func (c *Changes) add(r reader) *Changes {
	if c == nil {
		c = &Changes{}
	}
	all := reader{b: r.lenencBytes(), bad: r.bad}
	for len(all.b) > 0 && !all.bad {
		kind, data := all.uint8(), reader{b: all.lenencBytes()}
		switch kind {
		case trackVariables:
			for len(data.b) > 0 && !data.bad {
				name, value := data.lenencBytes(), data.lenencBytes()
				if !data.bad {
					c.Variables = append(c.Variables, Variable{string(name), string(value)})
				}
			}
		case trackSchema:
			if name := data.lenencBytes(); !data.bad {
				c.Schema, c.HasSchema = string(name), true
			}
		}
		all.bad = all.bad || data.bad
	}
	c.Incomplete = c.Incomplete || all.bad
	return c
}
