package importer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

// Pauses before a chunk is sent again; they double and vary by half.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 2 * time.Second
)

// Retrier sends a chunk again, for a bounded time, while there is no leader, a
// node is gone or the leader has too much to do. After a node that does not
// answer it asks the next one.
type Retrier struct {
	// Ask makes one attempt at the node of that HTTP address.
	Ask func(ctx context.Context, address string, records *fsm.Import) (admin.ImportResult, error)
	// For is how long attempts at one chunk may go on.
	For time.Duration
	// Notice is called, by several goroutines, before a chunk is tried again.
	Notice func(error)

	mu        sync.Mutex
	addresses []string // guarded by mu; the first is asked
}

// Use sets the HTTP addresses of the cluster's nodes, the first to be asked first.
func (r *Retrier) Use(addresses []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.addresses = addresses
}

func (r *Retrier) current() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.addresses[0]
}

// avoid goes on with the next address, unless another goroutine did so already.
func (r *Retrier) avoid(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.addresses[0] == address {
		r.addresses = append(append(make([]string, 0, len(r.addresses)), r.addresses[1:]...), address)
	}
}

// Send sends one chunk.
func (r *Retrier) Send(ctx context.Context, records *fsm.Import) (admin.ImportResult, error) {
	deadline := time.Now().Add(r.For)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		address := r.current()
		result, err := r.Ask(ctx, address, records)
		if err == nil {
			return result, nil
		}
		again, elsewhere := verdict(err)
		if !again || ctx.Err() != nil {
			return admin.ImportResult{}, err
		}
		wait := pause/2 + rand.N(pause)
		if time.Now().Add(wait).After(deadline) {
			return admin.ImportResult{}, fmt.Errorf("given up after %s: %w", r.For, err)
		}
		r.Notice(err)
		if elsewhere {
			r.avoid(address)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return admin.ImportResult{}, err
		}
	}
}

// verdict tells whether asking again may help, and whether another node should
// be asked.
func verdict(err error) (again, elsewhere bool) {
	refused := new(admin.RefusedError)
	switch {
	case errors.Is(err, context.Canceled):
		return false, false
	case !errors.As(err, &refused):
		return true, true // the node was not reached, or its answer was lost
	case refused.StatusCode == http.StatusServiceUnavailable, refused.StatusCode == http.StatusGatewayTimeout:
		// It may be the node that stops or cannot reach the leader.
		return true, true
	default:
		return false, false
	}
}
