package backend

// Lease says whether this node may use libraries that may fail over: see
// fsm.Library.MayFailOver. Its methods may be called from any goroutine.
type Lease interface {
	// Holds is asked before each command and costs next to nothing.
	Holds() bool
	// Renewed returns a channel that is closed when the lease is renewed next.
	Renewed() <-chan struct{}
	// Awaited tells whether the node has had none since it needs one: no library could
	// fail over before.
	Awaited() bool
}

// always is the lease of who needs none.
type always struct{}

func (always) Holds() bool              { return true }
func (always) Renewed() <-chan struct{} { return nil }
func (always) Awaited() bool            { return false }
