package cluster

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestFailuresKeepTheirMeaningBetweenNodes(t *testing.T) {
	for _, c := range []struct {
		sent, received error
		again          bool
	}{
		{errNotLeader, errNotLeader, true},
		{errOutcomeUnknown, errOutcomeUnknown, true},
		{ErrClosed, errNotLeader, true}, // of the leader, not of this node
		{context.Canceled, errOutcomeUnknown, true},
		{context.DeadlineExceeded, errOutcomeUnknown, true},
		{status.Error(codes.Unavailable, "connection refused"), errOutcomeUnknown, true},
		{fsm.ErrOverloaded, fsm.ErrOverloaded, false},
		{ErrOtherCluster, ErrOtherCluster, false},
		{ErrIDTaken, ErrIDTaken, false},
		{ErrRemoved, ErrRemoved, false},
		{ErrQuorum, ErrQuorum, false},
		{errors.New("anything"), nil, false},
	} {
		sent := fmt.Errorf("while testing: %w", c.sent)
		over := toStatus(sent)
		if _, isStatus := status.FromError(c.sent); isStatus {
			over = c.sent // gRPC made it, no node did
		}
		got := fromStatus(over)
		if c.received != nil && !errors.Is(got, c.received) {
			t.Errorf("%v comes out as %v, not as %v", c.sent, got, c.received)
		}
		if c.sent != c.received && errors.Is(got, c.sent) {
			t.Errorf("%v is still %v", got, c.sent)
		}
		if retryable(got) != c.again {
			t.Errorf("%v: asked again: %v", got, !c.again)
		}
	}
	if toStatus(nil) != nil || fromStatus(nil) != nil {
		t.Error("no error became one")
	}
}

func TestReasonsOfUnreachableNodesAreToldPlainly(t *testing.T) {
	for raw, want := range map[string]string{
		`connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`: "dial tcp 127.0.0.1:1: connect: connection refused",
		`error reading from server: EOF`:          "the connection was lost: EOF",
		`node n1: it is called "one"`:             `node n1: it is called "one"`,
		`odd: desc = "half of a quoted \`:         `odd: desc = "half of a quoted \`,
		`connection error: desc = "quoted \"x\""`: `quoted "x"`,
	} {
		if got := fromStatus(status.Error(codes.Unavailable, raw)).Error(); got != want {
			t.Errorf("%s\nbecomes %s\n  not   %s", raw, got, want)
		}
	}
}

func TestNodeAtTheLeadersOldAddressIsNotTheLeader(t *testing.T) {
	for _, stranger := range []error{ErrOtherNode, ErrOtherCluster, ErrNotMember} {
		if err := elsewhere("n1", fromStatus(toStatus(stranger))); !errors.Is(err, errNotLeader) {
			t.Errorf("%v ends a request: %v", stranger, err)
		}
	}
	if err := elsewhere("n1", fromStatus(toStatus(ErrQuorum))); !errors.Is(err, ErrQuorum) || errors.Is(err, errNotLeader) {
		t.Errorf("the leader's refusal became %v", err)
	}
}
