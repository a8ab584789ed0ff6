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
