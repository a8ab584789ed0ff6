package cluster

import (
	"context"
	"fmt"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

// PutUser has the cluster add a client user or replace what it knows of one. It
// returns as ChangeLibraries does, but never with fsm.ErrStaleVersion.
func (n *Node) PutUser(ctx context.Context, put fsm.PutUser) error {
	return n.change(ctx, wish{
		what:    "users",
		command: put,
		send: func(ctx context.Context, leader clusterpb.ClusterClient) (changed, error) {
			return leader.ChangeUser(ctx, &clusterpb.ChangeUserRequest{Command: &clusterpb.ChangeUserRequest_Put{Put: put.Proto()}})
		},
	})
}

// RemoveUser has the cluster forget a client user. It returns as PutUser does.
func (n *Node) RemoveUser(ctx context.Context, remove fsm.RemoveUser) error {
	return n.change(ctx, wish{
		what:    "users",
		command: remove,
		send: func(ctx context.Context, leader clusterpb.ClusterClient) (changed, error) {
			return leader.ChangeUser(ctx, &clusterpb.ChangeUserRequest{Command: &clusterpb.ChangeUserRequest_Remove{Remove: remove.Proto()}})
		},
	})
}

// ChangeUser implements clusterpb.ClusterServer.
func (s *service) ChangeUser(ctx context.Context, req *clusterpb.ChangeUserRequest) (*clusterpb.ChangeUserResponse, error) {
	var command changeCommand
	var bad error
	switch c := req.GetCommand().(type) {
	case *clusterpb.ChangeUserRequest_Put:
		command, bad = fsm.PutUserFromProto(c.Put)
	case *clusterpb.ChangeUserRequest_Remove:
		command, bad = fsm.RemoveUserFromProto(c.Remove)
	default:
		bad = fmt.Errorf("%w: the change of a user is of a kind that this node does not know: upgrade it", fsm.ErrBadChange)
	}
	index, refused, err := s.change(ctx, command, bad)
	if err != nil {
		return nil, err
	}
	return &clusterpb.ChangeUserResponse{Index: index, Error: fsm.ErrorProto(refused)}, nil
}
