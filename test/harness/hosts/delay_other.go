//go:build !linux

package hosts

import (
	"context"
	"math/rand/v2"
	"time"
)

// Delay is for Linux only.
func (n *Network) Delay(context.Context, []Link, time.Duration, time.Duration, *rand.Rand) (Mend, error) {
	return nil, ErrUnavailable
}
