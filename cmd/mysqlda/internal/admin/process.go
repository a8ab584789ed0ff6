package admin

import (
	"context"
	"net/http"
	"time"
)

// restartTimeout bounds asking the next program whether it can take over.
const restartTimeout = memberTimeout

// Life is what the API needs to know of the node's process. Package daemon implements it.
// All methods may be called from any goroutine, and at any time.
type Life interface {
	Process() Process
	// Restart has the node go on as another process of the program that is found where
	// this one's was, with the same sockets and sessions. It returns when that program has
	// said that it can; what follows takes a while. After an error nothing is changed.
	Restart(ctx context.Context) (Restart, error)
}

// Process describes the node's process, which is another one after each restart, though
// its id may be the same.
type Process struct {
	PID        int       `json:"pid"`
	Version    string    `json:"version"`
	Started    time.Time `json:"started"`
	Restarting bool      `json:"restarting"`
	NotReady   string    `json:"not_ready,omitempty"` // why it does not serve clients
	Last       *Takeover `json:"last,omitempty"`      // from the process before, if it has taken over from one
}

// Takeover tells how a restart in place went.
type Takeover struct {
	From     string         `json:"from"`            // the release before
	Sessions int            `json:"sessions"`        // that go on
	Ended    map[string]int `json:"ended,omitempty"` // sessions, by why they could not go on
	// WaitedMillis is how long clients were not served, in milliseconds; TookMillis how
	// long everything took.
	WaitedMillis int64 `json:"waited_ms"`
	TookMillis   int64 `json:"took_ms"`
}

// Restart is the answer to a request to restart.
type Restart struct {
	Version string    `json:"version"` // the release that goes on
	Started time.Time `json:"started"` // when the process that goes had started
	HTTP    string    `json:"http"`    // where the next one is reached from this machine
}

func (s *Server) process(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, s.life.Process(), nil)
}

func (s *Server) restart(w http.ResponseWriter, r *http.Request) {
	if status, err := decode(w, r, &struct{}{}); err != nil {
		s.write(w, status, Problem{err.Error()})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), restartTimeout)
	defer cancel()
	s.logger.Info("asked to restart in place", By(ctx)...)
	begun, err := s.life.Restart(ctx)
	s.answer(w, begun, err)
}

// Process asks about the node's process.
func (c *Client) Process(ctx context.Context) (Process, error) {
	var p Process
	err := c.do(ctx, http.MethodGet, "/api/v1/process", nil, &p)
	return p, err
}

// Restart has the node restart in place, and returns when that has begun.
func (c *Client) Restart(ctx context.Context) (Restart, error) {
	var r Restart
	err := c.do(ctx, http.MethodPost, "/api/v1/restart", struct{}{}, &r)
	return r, err
}
