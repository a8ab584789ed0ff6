package admin

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

const (
	// activateTimeout bounds how long a node waits for an active server to be
	// changed, beyond the time for transactions. The change goes on after that.
	activateTimeout = 5 * time.Minute
	// MaxDrain bounds the time for transactions.
	MaxDrain = time.Hour
	// answerMargin is for the way of an answer.
	answerMargin = 10 * time.Second
)

// ActivateRequest asks for another active server of a library.
type ActivateRequest struct {
	Server string `json:"server"` // address
	// Force goes on although transactions are open, nodes do not answer, or the old
	// server cannot be fenced. What the old server acknowledged may be lost.
	Force bool `json:"force,omitempty"`
	// Drain is how many seconds open transactions get, at most MaxDrain; 0 for the
	// default.
	Drain float64 `json:"drain,omitempty"`
}

func (r ActivateRequest) drain() time.Duration {
	return time.Duration(min(max(r.Drain, 0), MaxDrain.Seconds()) * float64(time.Second))
}

// activate answers when the active server is changed, which may take longer than
// other requests may.
func (s *Server) activate(w http.ResponseWriter, r *http.Request) {
	var request ActivateRequest
	if status, err := decode(w, r, &request); err != nil {
		s.write(w, status, Problem{err.Error()})
		return
	}
	timeout := activateTimeout + request.drain()
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(timeout + answerMargin)); err != nil {
		s.answer(w, nil, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	s.answer(w, struct{}{}, s.node.Activate(ctx, r.PathValue("library"), request.Server, request.Force, request.drain()))
}

// Activate makes a server the active one of a library and returns when it is.
func (c *Client) Activate(ctx context.Context, library string, r ActivateRequest) error {
	ctx, cancel := context.WithTimeout(ctx, activateTimeout+r.drain()+2*answerMargin)
	defer cancel()
	patient := *c.http
	patient.Timeout = 0 // ctx has a bound of its own
	long := Client{address: c.address, shown: c.shown, http: &patient, who: c.who}
	return long.do(ctx, http.MethodPost, "/api/v1/libraries/"+url.PathEscape(library)+"/activate", r, nil)
}
