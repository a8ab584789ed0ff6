package history

import "time"

// Fault is an injury. Times are since the history's beginning.
type Fault struct {
	Nemesis string        `json:"nemesis"` // that did it
	Kind    string        `json:"kind"`    // kill, pause, cut...
	Target  string        `json:"target"`  // node, server or links
	From    time.Duration `json:"from"`
	To      time.Duration `json:"to"` // when it was healed; 0: not yet
}

// Event is something that an operator, or the run itself, did.
type Event struct {
	At   time.Duration `json:"at"`
	Text string        `json:"text"`
}

// Complaint is something that a node did and must not do, whatever is asked of it: it
// ended by itself, or did not end when it was told to.
type Complaint struct {
	At   time.Duration `json:"at"`
	Node string        `json:"node"`
	Text string        `json:"text"`
}
