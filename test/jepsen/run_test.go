package main

import (
	"errors"
	"testing"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// TestARunThatFailsIsJudgedAllTheSame: it may fail over what a check would find.
func TestARunThatFailsIsJudgedAllTheSame(t *testing.T) {
	r := &run{recorder: history.NewRecorder(), dir: t.TempDir()}
	for _, library := range []string{"lib1", "lib2"} {
		r.recorder.Record(history.Operation{Kind: history.Assign, Core: "c"}, func(o *history.Operation) {
			o.Outcome, o.Library = history.Done, library
		})
	}
	r.takeIn()
	failure := errors.New("not everything is whole")
	v, err := r.conclude(failure)
	if !errors.Is(err, failure) || v.HarnessError != failure.Error() || v.Passed {
		t.Errorf("%+v, %v", v, err)
	}
	for _, c := range v.Checks {
		if c.Name == "linearizable" && c.Findings > 0 {
			return
		}
	}
	t.Errorf("%+v", v.Checks)
}
