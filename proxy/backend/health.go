package backend

import (
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/fsm/topology"
)

// failuresToDead is how many observations in a row make a healthy server dead.
// One success makes it healthy again. The first observation ever decides at
// once.
const failuresToDead = 2

// ServerHealth is what this node sees of a server: the outcome of its probes
// and of the connections that its sessions tried to open.
type ServerHealth struct {
	Address string
	// Healthy is true until a server was found dead, so also before CheckedAt.
	Healthy bool
	// Since is when Healthy became what it is.
	Since time.Time
	// LastError is the reason of the last failure; "" after a success.
	LastError string
	// CheckedAt is the time of the last observation; zero before the first.
	CheckedAt time.Time
	// Facts and Missing are those of the last Observation; of a server that only
	// libraries with one server list there are none, unless Observe was asked for it.
	Facts   topology.Facts
	Missing string
}

// health follows one server.
type health struct {
	mu       sync.Mutex
	state    ServerHealth
	failures int // in a row
}

func newHealth(address string) *health {
	return &health{state: ServerHealth{Address: address, Healthy: true, Since: time.Now()}}
}

// observe notes the outcome of a connection attempt or a probe and tells whether
// Healthy changed by it. A server that only refuses this request is well.
func (h *health) observe(err error) (changed bool) {
	if serverIsWell(err) {
		err = nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now, first := time.Now(), h.state.CheckedAt.IsZero()
	h.state.CheckedAt = now
	if err == nil {
		h.failures, h.state.LastError = 0, ""
		return h.become(true, now)
	}
	h.failures++
	h.state.LastError = err.Error()
	if first || h.failures >= failuresToDead {
		return h.become(false, now)
	}
	return false
}

func (h *health) become(healthy bool, now time.Time) (changed bool) {
	if h.state.Healthy == healthy {
		return false
	}
	h.state.Healthy, h.state.Since = healthy, now
	return true
}

// doubtful tells whether a healthy server has failed of late.
func (h *health) doubtful() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state.Healthy && h.failures > 0
}

func (h *health) get() ServerHealth {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}
