package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/proxy/digests"
)

// MaxStatements bounds how many digests one request may ask for, and
// DefaultStatements is how many it gets that does not say.
const (
	MaxStatements     = digests.MaxLimit
	DefaultStatements = 20
)

// ErrNoDigests says that a node does not count statements by digests.
var ErrNoDigests = errors.New("this node does not count statements by digests: log.statement_digests of its config file is 0")

// StatementsQuery says which digests are wanted.
type StatementsQuery struct {
	Library string        // "" for all
	By      digests.Order // those first that have most of it
	Limit   int           // how many, from 1 to MaxStatements
}

// StatementList is what one node has counted of statements by their digests.
type StatementList struct {
	Node       string            `json:"node"`
	Since      time.Time         `json:"since"`   // when counting began
	Digests    int               `json:"digests"` // how many there are, in all libraries
	Limit      int               `json:"limit"`   // how many there may be
	Evicted    uint64            `json:"evicted"` // given up for others since the process began
	Statements []StatementStatus `json:"statements"`
}

// StatementStatus is what one node has counted of one digest in one library. Times are
// those of mysqlda_relay_seconds.
type StatementStatus struct {
	Library       string    `json:"library"` // "" if none was selected
	Digest        string    `json:"digest"`  // the statement without the values in it
	Count         uint64    `json:"count"`
	Errors        uint64    `json:"errors"`
	TotalSeconds  float64   `json:"total_seconds"`
	MeanSeconds   float64   `json:"mean_seconds"`
	MinSeconds    float64   `json:"min_seconds"`
	P95Seconds    float64   `json:"p95_seconds"` // an estimate, off by a quarter at most
	MaxSeconds    float64   `json:"max_seconds"`
	AffectedRows  uint64    `json:"affected_rows"`
	BytesToServer uint64    `json:"bytes_to_server"`
	BytesToClient uint64    `json:"bytes_to_client"`
	FirstSeen     time.Time `json:"first_seen"`
	LastSeen      time.Time `json:"last_seen"`
}

// values are the query's words in an address, and statementsQuery reads them.
func (q StatementsQuery) values() url.Values {
	values := url.Values{"by": {string(q.By)}, "n": {strconv.Itoa(q.Limit)}}
	if q.Library != "" {
		values.Set("library", q.Library)
	}
	return values
}

func statementsQuery(values url.Values) (StatementsQuery, error) {
	q := StatementsQuery{Library: values.Get("library"), By: digests.ByTime, Limit: DefaultStatements}
	for name := range values {
		if !slices.Contains([]string{"library", "by", "n"}, name) {
			return q, fmt.Errorf("%w: there is no parameter %q; there are library, by and n", ErrBadRequest, name)
		}
	}
	if by := values.Get("by"); by != "" {
		if !slices.Contains(digests.Orders(), by) {
			return q, fmt.Errorf("%w: by must be one of %s, not %q", ErrBadRequest, strings.Join(digests.Orders(), ", "), by)
		}
		q.By = digests.Order(by)
	}
	if text := values.Get("n"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > MaxStatements {
			return q, fmt.Errorf("%w: n must be a whole number from 1 to %d, not %q", ErrBadRequest, MaxStatements, text)
		}
		q.Limit = n
	}
	return q, nil
}

func (s *Server) statements(w http.ResponseWriter, r *http.Request) {
	query, err := statementsQuery(r.URL.Query())
	if err != nil {
		s.answer(w, nil, err)
		return
	}
	list, err := s.node.Statements(query)
	s.answer(w, list, err)
}

// resetStatements begins to count anew, on this node only.
func (s *Server) resetStatements(w http.ResponseWriter, r *http.Request) {
	err := s.node.ResetStatements()
	if err == nil {
		s.logger.Info("statements are counted by digests anew", By(r.Context())...)
	}
	s.answer(w, struct{}{}, err)
}

// Statements asks for what the node has counted of statements by their digests.
func (c *Client) Statements(ctx context.Context, query StatementsQuery) (StatementList, error) {
	var list StatementList
	err := c.do(ctx, http.MethodGet, "/api/v1/statements?"+query.values().Encode(), nil, &list)
	return list, err
}

// ResetStatements makes the node forget that, and count anew.
func (c *Client) ResetStatements(ctx context.Context) error {
	return c.do(ctx, http.MethodDelete, "/api/v1/statements", nil, nil)
}
