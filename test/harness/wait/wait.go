// Package wait waits for conditions in tests and in the demo, so that nothing
// there waits for a time to pass.
package wait

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// every is how often a condition is looked at.
const every = 20 * time.Millisecond

// hopeless is an error after which waiting on makes no sense.
type hopeless struct{ error }

func (h hopeless) Unwrap() error { return h.error }

// Hopeless marks the error of a condition that cannot become true any more.
func Hopeless(err error) error { return hopeless{err} }

// For returns nil once condition has returned nil, and the condition's error at
// once if it is marked with Hopeless. When ctx ends first, the error says what
// was waited for and what condition said last.
func For(ctx context.Context, what string, condition func(ctx context.Context) error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		last := condition(ctx)
		if last == nil {
			return nil
		}
		if errors.As(last, &hopeless{}) {
			return last
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s: %w; last: %w", what, ctx.Err(), last)
		case <-ticker.C:
		}
	}
}
