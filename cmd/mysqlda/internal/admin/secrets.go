package admin

import (
	"context"
	"net/http"
)

// SecretKeeper is the part of a Node that has to do with the passwords by which nodes log
// in to servers.
type SecretKeeper interface {
	// Secrets tells how they are kept, as the answering node sees it.
	Secrets(ctx context.Context) (Secrets, error)
	// Reseal seals all of them with the answering node's current key, or changes nothing.
	Reseal(ctx context.Context) error
}

// Secrets says how the passwords are kept by which nodes log in to servers.
type Secrets struct {
	Key    string   `json:"key"`    // id of the answering node's current key, "" for none
	Keys   []string `json:"keys"`   // ids of all its keys
	Sealed int      `json:"sealed"` // with its current key
	Older  int      `json:"older"`  // sealed with another of its keys
	Clear  int      `json:"clear"`  // not sealed
	Locked []string `json:"locked"` // those that it cannot open, with the reason
}

const secretsPath = "/api/v1/secrets"

func (s *Server) secretRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+secretsPath, s.secrets)
	mux.HandleFunc("POST "+secretsPath+"/reseal", s.reseal)
}

func (s *Server) secrets(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readRequestTimeout)
	defer cancel()
	known, err := s.node.Secrets(ctx)
	s.answer(w, known, err)
}

func (s *Server) reseal(w http.ResponseWriter, r *http.Request) {
	s.change(w, r, changeTimeout, &struct{}{}, s.node.Reseal)
}

// Secrets asks how passwords are kept.
func (c *Client) Secrets(ctx context.Context) (Secrets, error) {
	var known Secrets
	err := c.do(ctx, http.MethodGet, secretsPath, nil, &known)
	return known, err
}

// Reseal has all passwords sealed with the current key of the node that is asked.
func (c *Client) Reseal(ctx context.Context) error {
	return c.do(ctx, http.MethodPost, secretsPath+"/reseal", struct{}{}, nil)
}
