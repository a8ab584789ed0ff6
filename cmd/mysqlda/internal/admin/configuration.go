package admin

import (
	"context"
	"net/http"
)

// Configuration is a request to change libraries and settings together, all or
// nothing.
type Configuration struct {
	// ExpectRevision is the revision of the Status that the changes were computed
	// against: with another one nothing is changed. Nil fits any.
	ExpectRevision *uint64         `json:"expect_revision,omitempty"`
	Changes        []LibraryChange `json:"changes,omitempty"`
	Settings       SettingsChange  `json:"settings"`
}

// Configured is what became of it.
type Configured struct {
	// Revision is the one that the changes have made. It is an index of the log: a
	// node whose applied_index has reached it has them.
	Revision uint64 `json:"revision"`
}

func (s *Server) configure(w http.ResponseWriter, r *http.Request) {
	var request Configuration
	if status, err := decode(w, r, &request); err != nil {
		s.write(w, status, Problem{err.Error()})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), changeTimeout)
	defer cancel()
	done, err := s.node.Configure(ctx, request)
	s.answer(w, done, err)
}

// Configure makes all changes or none and returns the revision that they have made.
func (c *Client) Configure(ctx context.Context, request Configuration) (Configured, error) {
	var done Configured
	err := c.do(ctx, http.MethodPost, "/api/v1/configuration", request, &done)
	return done, err
}
