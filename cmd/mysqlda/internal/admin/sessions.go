package admin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// How many sessions an answer lists.
const (
	defaultSessions = 1_000
	maxSessions     = 10_000
)

// SessionFilter says which sessions are listed. What is "" stands for any.
type SessionFilter struct {
	User, Client, Core, Library, State string
	// InTransaction leaves out sessions that are in none.
	InTransaction bool
	// Limit is how many are listed at most, from 1 to 10,000; 0 stands for 1,000.
	Limit int
}

// SessionList is the sessions of one node.
type SessionList struct {
	Node string `json:"node"` // who answers
	// Matching is how many sessions the filter lets through, also those that Sessions
	// has no room for.
	Matching int             `json:"matching"`
	Sessions []SessionStatus `json:"sessions"` // by growing id
}

// SessionStatus is one session of the moment.
type SessionStatus struct {
	ID      uint32 `json:"id"` // the connection id that its client knows; KILL takes it on any node
	User    string `json:"user"`
	Client  string `json:"client"`  // address, host:port
	Core    string `json:"core"`    // "" before a core object was selected
	Library string `json:"library"` // "" before a library was selected
	Server  string `json:"server"`  // of its backend connection, "" without one
	// State is login, running (a command is carried out), idle (it waits for one, with
	// a backend connection) or parked (without one).
	State         string `json:"state"`
	InTransaction bool   `json:"in_transaction"` // false while a command is carried out
	Seconds       int64  `json:"seconds"`        // since its client connected
	Commands      uint64 `json:"commands"`       // that its client has sent
}

// Sessions asks for the node's sessions.
func (c *Client) Sessions(ctx context.Context, filter SessionFilter) (SessionList, error) {
	query := url.Values{}
	for name, value := range map[string]string{
		"user": filter.User, "client": filter.Client, "core": filter.Core, "library": filter.Library, "state": filter.State,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if filter.InTransaction {
		query.Set("in_transaction", "true")
	}
	if filter.Limit > 0 {
		query.Set("limit", strconv.Itoa(filter.Limit))
	}
	var list SessionList
	err := c.do(ctx, http.MethodGet, "/api/v1/sessions?"+query.Encode(), nil, &list)
	return list, err
}

func (s *Server) sessions(w http.ResponseWriter, r *http.Request) {
	filter, err := parseSessionFilter(r.URL.Query())
	if err != nil {
		s.answer(w, nil, err)
		return
	}
	list, err := s.node.Sessions(filter)
	s.answer(w, list, err)
}

// parseSessionFilter reads a query. A misspelt parameter would list everything, so it
// is an error.
func parseSessionFilter(query url.Values) (SessionFilter, error) {
	filter := SessionFilter{Limit: defaultSessions}
	for name, values := range query {
		value := values[len(values)-1]
		switch name {
		case "user":
			filter.User = value
		case "client":
			filter.Client = value
		case "core":
			filter.Core = value
		case "library":
			filter.Library = value
		case "state":
			filter.State = value
		case "in_transaction":
			if value != "true" && value != "false" {
				return filter, fmt.Errorf("%w: in_transaction must be true or false, not %q", ErrBadRequest, value)
			}
			filter.InTransaction = value == "true"
		case "limit":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > maxSessions {
				return filter, fmt.Errorf("%w: limit must be a whole number from 1 to %d, not %q", ErrBadRequest, maxSessions, value)
			}
			filter.Limit = n
		default:
			return filter, fmt.Errorf("%w: there is no parameter %q; user, client, core, library, state, in_transaction and limit are known", ErrBadRequest, name)
		}
	}
	return filter, nil
}
