package admin

import (
	"context"
	"net/http"
	"time"
)

// Activity is what one node's sessions do, and have done since its process started.
// Numbers that count up make a rate of two readings: divide by the difference of At. A
// smaller UptimeSeconds than before says that they began anew.
type Activity struct {
	Node    string `json:"node"` // who answers
	Version string `json:"version"`
	// At is the node's clock, to the millisecond, in UTC.
	At            time.Time `json:"at"`
	UptimeSeconds float64   `json:"uptime_seconds"` // of the process

	Sessions  SessionCounts     `json:"sessions"`
	Libraries []LibraryActivity `json:"libraries"` // in the order of status; before them "" for sessions in none yet
	Directory DirectoryActivity `json:"directory"`
}

// SessionCounts counts the sessions of the moment. Login, Running, Idle and Parked
// add up to Open.
type SessionCounts struct {
	Open          int `json:"open"`
	Login         int `json:"login"`          // have not logged in yet
	Running       int `json:"running"`        // have a command carried out
	Idle          int `json:"idle"`           // wait for a command, with a backend connection
	Parked        int `json:"parked"`         // wait for a command, without one
	InTransaction int `json:"in_transaction"` // of those idle: inside a transaction
	Waiting       int `json:"waiting"`        // of those running: wait for a backend connection
}

// LibraryActivity is what happened in one library through the answering node. All but
// Sessions and Pool counts up.
type LibraryActivity struct {
	Name       string            `json:"name"` // "": sessions that have selected none
	Sessions   int               `json:"sessions"`
	Statements map[string]uint64 `json:"statements"` // by kind: read, write, ddl, transaction, other
	Errors     uint64            `json:"errors"`     // with which servers answered statements
	Slow       uint64            `json:"slow"`       // statements, by log.slow_statement_ms
	BytesIn    uint64            `json:"bytes_in"`   // of commands, passed on to servers
	BytesOut   uint64            `json:"bytes_out"`  // of answers, passed on to clients
	// Latency is from having received a statement to having passed on the last byte
	// of its answer.
	Latency LatencyCounts `json:"latency"`
	Waits   WaitCounts    `json:"waits"` // for backend connections while there was none, also in vain
	Pool    PoolCounts    `json:"pool"`  // of all servers of the library; one of several libraries counts for each
}

// LatencyCounts is a histogram. Buckets count durations up to LE, with those of the
// buckets before; Count has also what is longer than all of them.
type LatencyCounts struct {
	Count      uint64          `json:"count"`
	SumSeconds float64         `json:"sum_seconds"`
	Buckets    []LatencyBucket `json:"buckets"`
}

// LatencyBucket is one bucket of LatencyCounts.
type LatencyBucket struct {
	LE    float64 `json:"le"` // seconds
	Count uint64  `json:"count"`
}

// WaitCounts is how often and how long sessions waited.
type WaitCounts struct {
	Count      uint64  `json:"count"`
	SumSeconds float64 `json:"sum_seconds"`
}

// PoolCounts counts the backend connections of the moment.
type PoolCounts struct {
	InUse     int `json:"in_use"`
	Idle      int `json:"idle"`
	Resetting int `json:"resetting"`
	Waiting   int `json:"waiting"` // sessions that wait for one
}

// DirectoryActivity is what the node's memory holds and how it was asked.
type DirectoryActivity struct {
	Placements uint64 `json:"placements"` // of the whole cluster
	Bindings   uint64 `json:"bindings"`   // of the whole cluster
	Hits       uint64 `json:"hits"`       // requests that this node's memory answered; counts up
	Misses     uint64 `json:"misses"`     // requests that the cluster had to decide; counts up
}

// Activity asks what the node's sessions do and have done.
func (c *Client) Activity(ctx context.Context) (Activity, error) {
	var activity Activity
	err := c.do(ctx, http.MethodGet, "/api/v1/activity", nil, &activity)
	return activity, err
}

func (s *Server) activity(w http.ResponseWriter, _ *http.Request) {
	activity, err := s.node.Activity()
	s.answer(w, activity, err)
}
