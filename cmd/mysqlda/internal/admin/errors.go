package admin

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/fsm"
)

// Errors that a Node may wrap, besides those of packages cluster and fsm.
var (
	// ErrNotRunning says that the node is starting or stopping.
	ErrNotRunning = errors.New("the node is not running")
	// ErrBadRequest says that a request makes no sense, whatever the cluster's state.
	ErrBadRequest = errors.New("bad request")
	// ErrConflict says that the node is in a state that forbids what it was asked for.
	ErrConflict = errors.New("not now")
)

// problemOf puts err into words, with what to look at if the cluster could not
// decide in time.
func problemOf(err error) Problem {
	text := strings.ReplaceAll(err.Error(), context.DeadlineExceeded.Error(), "there was no answer in time")
	if errors.Is(err, fsm.ErrNoLeader) || errors.Is(err, context.DeadlineExceeded) {
		text += "; a majority of the voters must be alive and connected, see `mysqlda status`"
	}
	return Problem{text}
}

// statusOf chooses the HTTP status that tells a client what to do about err:
// 400 change the request, 404 no such thing, 409 the cluster is in a state that
// forbids it, 503 and 504 try again later.
func statusOf(err error) int {
	for _, known := range []struct {
		status int
		errs   []error
	}{
		{http.StatusBadRequest, []error{fsm.ErrBadName, ErrBadRequest}},
		{http.StatusNotFound, []error{cluster.ErrUnknownNode}},
		{http.StatusConflict, []error{
			ErrConflict, fsm.ErrBadChange, fsm.ErrStaleVersion, fsm.ErrStaleSwitch,
			fsm.ErrNoSettings, cluster.ErrNotMember, cluster.ErrOtherCluster, cluster.ErrOtherNode, cluster.ErrLeft,
			cluster.ErrRemoved, cluster.ErrIDTaken, cluster.ErrQuorum, cluster.ErrLastNode, ErrNoDigests,
			cluster.ErrCertificate, cluster.ErrGossipKey, cluster.ErrJoinToken,
		}},
		{http.StatusServiceUnavailable, []error{fsm.ErrNoLeader, fsm.ErrOverloaded, cluster.ErrClosed, ErrNotRunning, errBackupBusy}},
		{http.StatusGatewayTimeout, []error{context.DeadlineExceeded}},
	} {
		for _, e := range known.errs {
			if errors.Is(err, e) {
				return known.status
			}
		}
	}
	return http.StatusInternalServerError
}
