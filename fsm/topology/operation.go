package topology

import "time"

// OperationKind says what is to be done at a server.
type OperationKind uint8

// The operations. Each may be repeated: what is done already is not done again.
const (
	// Fence ends the connections of the cluster's account and, with ReadOnly, has
	// the server refuse writes.
	Fence OperationKind = iota + 1
	// Unfence has the server take writes again.
	Unfence
	// Seal has a replica receive nothing more from its source. What it has received
	// it goes on to execute. Its position is final afterwards.
	Seal
	// CatchUp waits until the server has executed everything up to Position.
	CatchUp
	// Promote has a sealed replica execute everything that it has received, forget
	// its source, and take writes.
	Promote
	// Follow makes the server a read-only replica of Source, from where it is now.
	Follow
)

// String returns the word for logs and errors.
func (k OperationKind) String() string {
	switch k {
	case Fence:
		return "fence"
	case Unfence:
		return "unfence"
	case Seal:
		return "seal"
	case CatchUp:
		return "catch up"
	case Promote:
		return "promote"
	case Follow:
		return "follow"
	default:
		return "nothing"
	}
}

// Operation is something to be done at one server.
type Operation struct {
	Kind     OperationKind
	Server   string        // address
	ReadOnly bool          // Fence: also refuse writes
	Position string        // CatchUp
	Source   string        // Follow: address of the server to replicate from
	Timeout  time.Duration // bounds all of it; at least 1 ms
}
