package admin

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// AuditEntry is one change that was made to the cluster.
type AuditEntry struct {
	Index uint64    `json:"index"` // of the command in the log; a revision, where it changed libraries or settings
	At    time.Time `json:"at"`    // by the clock of the node that led
	Who   string    `json:"who"`   // as the sender of the request said; "mysqlda" for the cluster itself
	From  string    `json:"from"`  // the address of the sender, or the id of a node
	What  string    `json:"what"`  // one line, never with a secret
}

// audit answers with the newest entries of the trail, the newest last: with ?n=N at
// most N.
func (s *Server) audit(w http.ResponseWriter, r *http.Request) {
	entries, err := s.node.Audit()
	if text := r.URL.Query().Get("n"); text != "" && err == nil {
		n, bad := strconv.ParseUint(text, 10, 31)
		if bad != nil {
			s.answer(w, nil, fmt.Errorf("%w: n must be a whole number, not %q", ErrBadRequest, text))
			return
		}
		entries = entries[max(0, len(entries)-int(n)):]
	}
	s.answer(w, entries, err)
}

// Audit asks for the newest entries of the audit trail, at most n, the newest last.
func (c *Client) Audit(ctx context.Context, n int) ([]AuditEntry, error) {
	var entries []AuditEntry
	err := c.do(ctx, http.MethodGet, "/api/v1/audit?n="+strconv.Itoa(n), nil, &entries)
	return entries, err
}
