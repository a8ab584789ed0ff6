package wait

import (
	"context"
	"errors"
	"testing"
	"time"
)

var errNotYet = errors.New("not yet")

func TestForReturnsOnceTheConditionHolds(t *testing.T) {
	calls := 0
	err := For(t.Context(), "it was asked three times", func(context.Context) error {
		if calls++; calls < 3 {
			return errNotYet
		}
		return nil
	})
	if err != nil || calls != 3 {
		t.Fatalf("%d calls, %v", calls, err)
	}
}

func TestForSaysWhatItWaitedFor(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := For(ctx, "pigs fly", func(context.Context) error { return errNotYet })
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errNotYet) {
		t.Fatal(err)
	}
}

func TestForGivesUpWhenItIsHopeless(t *testing.T) {
	err := For(t.Context(), "pigs fly", func(context.Context) error { return Hopeless(errNotYet) })
	if !errors.Is(err, errNotYet) || err.Error() != errNotYet.Error() {
		t.Fatal(err)
	}
}
