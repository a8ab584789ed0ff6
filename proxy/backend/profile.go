package backend

import "github.com/mysqlda/mysqlda/proxy/wire"

// Profile is what connections must have in common to stand in for each other.
type Profile struct {
	// Capabilities decide how packets look and what statements mean; flags
	// outside wire.ShapeMask are ignored. A connection has exactly these of the
	// mask, except that a server may lack some of those in mayLack.
	Capabilities wire.Capability
	// Collation is the number that the client gave when it logged in. A server
	// that does not know it takes its own default, as it does for any client.
	Collation uint8
	// Database is the default database; "" means none.
	Database string
}

// mayLack are the flags that a server need not offer. A server without them
// does less and says so itself, with an error packet, when a statement asks for
// it; its answers look the same. Without any other flag of a profile its answers
// would look or mean something else than the client was promised.
const mayLack = wire.ClientLocalFiles | wire.ClientMultiStatements |
	wire.ClientMultiResults | wire.ClientPSMultiResults

func (p Profile) normal() Profile {
	p.Capabilities &= wire.ShapeMask
	return p
}
