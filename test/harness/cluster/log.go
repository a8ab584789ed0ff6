package cluster

import (
	"bytes"
	"fmt"
	"os"
)

// tailBytes bounds how much of a node's log goes into an error.
const tailBytes = 4 << 10

// LogTail is the end of the node's log, for error messages.
func (n *Node) LogTail() string {
	text, err := os.ReadFile(n.LogFile())
	if err != nil {
		return err.Error()
	}
	if len(text) > tailBytes {
		text = text[len(text)-tailBytes:]
	}
	return fmt.Sprintf("end of the log of node %s:\n%s", n.ID, text)
}

// faults are what no node may ever write.
var faults = []string{"WARNING: DATA RACE", "panic: ", "fatal error: "}

// CheckLog returns an error that shows the place when the node's log holds a
// data race or a panic.
func (n *Node) CheckLog() error {
	text, err := os.ReadFile(n.LogFile())
	if os.IsNotExist(err) {
		return nil
	} else if err != nil {
		return fmt.Errorf("read the log of node %s: %w", n.ID, err)
	}
	for _, fault := range faults {
		if at := bytes.Index(text, []byte(fault)); at >= 0 {
			return fmt.Errorf("node %s wrote %q:\n%s", n.ID, fault, text[at:min(len(text), at+tailBytes)])
		}
	}
	return nil
}
