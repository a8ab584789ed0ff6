package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Reasons why a request did not get an answer. They stay inside this package:
// callers try again until their time is up.
var (
	// errNotLeader: nothing was done.
	errNotLeader = errors.New("not the leader")
	// errOutcomeUnknown: it may have been done or may yet be.
	errOutcomeUnknown = errors.New("the leader was lost before it answered")
)

// failures pairs the errors that a caller decides on with their numbers on the
// wire. Of two errors with one number the first is what comes out on the other
// side.
var failures = [...]struct {
	reason clusterpb.Reason
	code   codes.Code
	err    error
}{
	{clusterpb.Reason_REASON_NOT_LEADER, codes.Unavailable, errNotLeader},
	{clusterpb.Reason_REASON_NOT_LEADER, codes.Unavailable, ErrClosed}, // this node's closing is not the caller's
	{clusterpb.Reason_REASON_UNKNOWN_OUTCOME, codes.Aborted, errOutcomeUnknown},
	{clusterpb.Reason_REASON_OVERLOADED, codes.ResourceExhausted, fsm.ErrOverloaded},
	{clusterpb.Reason_REASON_NO_LEADER, codes.Unavailable, fsm.ErrNoLeader},
	{clusterpb.Reason_REASON_NOT_MEMBER, codes.FailedPrecondition, ErrNotMember},
	{clusterpb.Reason_REASON_OTHER_CLUSTER, codes.FailedPrecondition, ErrOtherCluster},
	{clusterpb.Reason_REASON_OTHER_NODE, codes.FailedPrecondition, ErrOtherNode},
	{clusterpb.Reason_REASON_REMOVED, codes.FailedPrecondition, ErrRemoved},
	{clusterpb.Reason_REASON_ID_TAKEN, codes.AlreadyExists, ErrIDTaken},
	{clusterpb.Reason_REASON_UNKNOWN_NODE, codes.NotFound, ErrUnknownNode},
	{clusterpb.Reason_REASON_QUORUM, codes.FailedPrecondition, ErrQuorum},
	{clusterpb.Reason_REASON_LAST_NODE, codes.FailedPrecondition, ErrLastNode},
	{clusterpb.Reason_REASON_SUPERSEDED, codes.FailedPrecondition, ErrSuperseded},
	{clusterpb.Reason_REASON_CERTIFICATE, codes.PermissionDenied, ErrCertificate},
	{clusterpb.Reason_REASON_JOIN_TOKEN, codes.PermissionDenied, ErrJoinToken},
	{clusterpb.Reason_REASON_GOSSIP_KEY, codes.FailedPrecondition, ErrGossipKey},
	{clusterpb.Reason_REASON_STARTING, codes.Unavailable, errNoDataPath},
}

// toStatus gives the error that an RPC handler returns.
func toStatus(err error) error {
	if err == nil {
		return nil
	}
	for _, f := range failures {
		if !errors.Is(err, f.err) {
			continue
		}
		st, detailErr := status.New(f.code, err.Error()).WithDetails(&clusterpb.Failure{Reason: f.reason})
		if detailErr != nil {
			return status.Error(codes.Internal, errors.Join(err, detailErr).Error())
		}
		return st.Err()
	}
	switch {
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, err.Error())
	default:
		return status.Error(codes.Internal, err.Error())
	}
}

// fromStatus gives back the error behind an RPC's error. A call that was not
// answered at all has an unknown outcome.
func fromStatus(err error) error {
	if err == nil {
		return nil
	}
	st := status.Convert(err)
	for _, detail := range st.Details() {
		failure, ok := detail.(*clusterpb.Failure)
		if !ok {
			continue
		}
		for _, f := range failures {
			if failure.GetReason() == f.reason {
				return &remoteError{text: st.Message(), sentinel: f.err}
			}
		}
	}
	text := plain(st.Message())
	switch st.Code() {
	case codes.DeadlineExceeded:
		if text == st.Message() { // gRPC knows no better reason
			text = "no answer in time"
		}
		return &remoteError{text: text, sentinel: errOutcomeUnknown}
	case codes.Canceled:
		return &remoteError{text: "the call was broken off", sentinel: errOutcomeUnknown}
	case codes.Unavailable, codes.Aborted:
		return &remoteError{text: text, sentinel: errOutcomeUnknown}
	default:
		return &remoteError{text: st.Message()}
	}
}

// plain takes gRPC's wrapping off the reason why a node was not reached:
// `connection error: desc = "transport: Error while dialing: dial tcp ..."`.
func plain(text string) string {
	if _, quoted, ok := strings.Cut(text, `desc = "`); ok {
		if unquoted, err := strconv.Unquote(`"` + strings.TrimSuffix(quoted, `"`) + `"`); err == nil {
			text = unquoted
		}
	}
	text = strings.TrimPrefix(text, "transport: ")
	text = strings.TrimPrefix(text, "Error while dialing: ")
	if reason, ok := strings.CutPrefix(text, "error reading from server: "); ok {
		text = "the connection was lost: " + reason
	}
	return text
}

// remoteError is an error with a text of its own, mostly one that another node,
// or the way to it, has given.
type remoteError struct {
	text     string
	sentinel error // nil when only the text is known
}

func (e *remoteError) Error() string { return e.text }

func (e *remoteError) Unwrap() error { return e.sentinel }

// retryable reports whether asking again, perhaps another node, may help.
// Only for requests that may be carried out twice.
func retryable(err error) bool {
	return errors.Is(err, errNotLeader) || errors.Is(err, errOutcomeUnknown) || errors.Is(err, fsm.ErrNoLeader)
}

// timedOut gives the error of a caller whose wait for a decision was ended, by
// its context or because the node cannot go on; last is why the last attempt
// failed, or nil.
func timedOut(ctx context.Context, last error) error {
	return ended(context.Cause(ctx), last)
}

// ended is timedOut for a wait that had this cause to end.
func ended(cause, last error) error {
	switch {
	case cause == nil, errors.Is(cause, ErrClosed):
		return &noLeaderError{last: ErrClosed}
	case !errors.Is(cause, errDecisionTimeout):
		return cause
	case last == nil:
		last = errOutcomeUnknown
	}
	return &noLeaderError{last: last}
}

// stopped gives the error of an operator's request that was not carried out
// before its context ended or the node was closed; last is the last answer.
func stopped(ctx context.Context, last error) error {
	cause := context.Cause(ctx)
	switch {
	case cause == nil:
		cause = ErrClosed
	case errors.Is(cause, context.DeadlineExceeded):
		cause = &remoteError{text: "it did not work in time", sentinel: cause}
	}
	return fmt.Errorf("%w (last answer: %w)", cause, last)
}

// errDecisionTimeout is the cause of a context that this package has bounded.
var errDecisionTimeout = errors.New("the time for a decision is up")

// noLeaderError is fsm.ErrNoLeader with the last attempt's failure. It is also
// that of a node that stops: another one may know a leader.
type noLeaderError struct{ last error }

func (e *noLeaderError) Error() string {
	return fsm.ErrNoLeader.Error() + " (last attempt: " + e.last.Error() + ")"
}

func (e *noLeaderError) Unwrap() []error { return []error{fsm.ErrNoLeader, e.last} }
