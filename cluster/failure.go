package cluster

import (
	"context"
	"errors"
	"fmt"

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
	switch st.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Aborted:
		return &remoteError{text: st.Message(), sentinel: errOutcomeUnknown}
	default:
		return &remoteError{text: st.Message()}
	}
}

// remoteError is an error that another node, or the way to it, has given.
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
// its context or because the node is being closed; last is why the last attempt
// failed, or nil.
func timedOut(ctx context.Context, last error) error {
	if ctx.Err() == nil {
		return ErrClosed
	}
	cause := context.Cause(ctx)
	if !errors.Is(cause, errDecisionTimeout) {
		return cause
	}
	if last == nil {
		last = errOutcomeUnknown
	}
	return &noLeaderError{last: last}
}

// stopped gives the error of an operator's request that was not carried out
// before its context ended or the node was closed; last is the last answer.
func stopped(ctx context.Context, last error) error {
	cause := context.Cause(ctx)
	if cause == nil {
		cause = ErrClosed
	}
	return fmt.Errorf("%w (last answer: %w)", cause, last)
}

// errDecisionTimeout is the cause of a context that this package has bounded.
var errDecisionTimeout = errors.New("the time for a decision is up")

// noLeaderError is fsm.ErrNoLeader with the last attempt's failure.
type noLeaderError struct{ last error }

func (e *noLeaderError) Error() string {
	return fsm.ErrNoLeader.Error() + " (last attempt: " + e.last.Error() + ")"
}

func (e *noLeaderError) Unwrap() error { return fsm.ErrNoLeader }
