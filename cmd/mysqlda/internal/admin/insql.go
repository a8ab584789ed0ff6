package admin

import (
	"net/http"
	"time"
)

// What others need who do by a Node what a request of the API does: statements in SQL.

// How long they may take inside the node, as requests may.
const (
	ChangeTimeout = changeTimeout
	MemberTimeout = memberTimeout // to remove a node
)

// Timeout is how long the change may take.
func (r ActivateRequest) Timeout() time.Duration { return activateTimeout + r.drain() }

// Time is what open transactions get, 0 for the default.
func (r ActivateRequest) Time() time.Duration { return r.drain() }

// Words puts a Node's error into words, as an answer of the API does.
func Words(err error) string { return problemOf(err).Error }

// Refused tells whether a Node's error says that nothing was changed because the
// request, or the state of the cluster, does not allow it.
func Refused(err error) bool { return statusOf(err) < http.StatusInternalServerError }
