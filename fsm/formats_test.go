package fsm

import "testing"

// docs/formats.md gives these numbers to whoever computes digests elsewhere.
func TestTheDocumentedDigests(t *testing.T) {
	d := newDigester()
	if got := d.placement("alice", 1, 1).String(); got != "631324463626b009" {
		t.Errorf("the placement: %s", got)
	}
	if got := d.binding("card", "1", "alice").String(); got != "03301bae9ee27470" {
		t.Errorf("the binding: %s", got)
	}
	if got := digestOf(t, AssignItem("alice", 1), BindItem("card", "1", "alice")).String(); got != "66433ff4d5092479" {
		t.Errorf("both: %s", got)
	}
}
