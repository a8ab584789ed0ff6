// Package await waits until the nodes of a cluster know something, by asking each of
// them for its status again and again. It is for commands with --wait: a change is
// decided and durable before. It changes nothing.
package await

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

const (
	askTimeout = 3 * time.Second // for one answer
	pause      = 100 * time.Millisecond
)

// Node is one node that is waited for.
type Node struct {
	ID   string
	HTTP string // address, host:port
}

// Members are the nodes that a status names, but for some.
func Members(s admin.Status, but ...string) []Node {
	var nodes []Node
	for _, n := range s.Nodes {
		if !slices.Contains(but, n.ID) {
			nodes = append(nodes, Node{ID: n.ID, HTTP: n.HTTP})
		}
	}
	return nodes
}

// Condition tells why a node's status is not what is waited for, "" if it is.
type Condition func(admin.Status) string

// Applied is met by a node that has applied the log up to an entry.
func Applied(index uint64) Condition {
	return func(s admin.Status) string {
		if s.AppliedIndex >= index {
			return ""
		}
		return fmt.Sprintf("has applied %d of %d log entries", s.AppliedIndex, index)
	}
}

// Votes is met by a node that knows that node as a voter.
func Votes(id string) Condition {
	return func(s admin.Status) string {
		for _, n := range s.Nodes {
			if n.ID == id && n.Voter {
				return ""
			}
		}
		return fmt.Sprintf("does not know %s as a voter", id)
	}
}

// Forgotten is met by a node that does not know that node.
func Forgotten(id string) Condition {
	return func(s admin.Status) string {
		if slices.ContainsFunc(s.Nodes, func(n admin.NodeStatus) bool { return n.ID == id }) {
			return fmt.Sprintf("still knows %s", id)
		}
		return ""
	}
}

// BehindError names the nodes that did not meet a condition in time.
type BehindError struct{ Nodes []Behind }

// Behind is one such node.
type Behind struct{ ID, Why string }

// Error implements error.
func (e *BehindError) Error() string {
	words := make([]string, len(e.Nodes))
	for i, n := range e.Nodes {
		words[i] = fmt.Sprintf("%s (%s)", n.ID, n.Why)
	}
	return strings.Join(words, ", ")
}

// All waits until every node meets the condition. When the context's time is up first
// the error is a *BehindError; when it is cancelled, that of the context. connect makes
// a client of a node's HTTP address.
func All(ctx context.Context, nodes []Node, connect func(address string) *admin.Client, is Condition) error {
	why := make([]string, len(nodes)) // that of a node that is not waited for any more is ""
	var asking sync.WaitGroup
	for i, n := range nodes {
		asking.Go(func() { why[i] = one(ctx, n, connect, is) })
	}
	asking.Wait()
	late := new(BehindError)
	for i, n := range nodes {
		if why[i] != "" {
			late.Nodes = append(late.Nodes, Behind{n.ID, why[i]})
		}
	}
	switch {
	case len(late.Nodes) == 0:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	default:
		return late
	}
}

// one waits for one node and tells why it did not meet the condition when ctx ended.
func one(ctx context.Context, n Node, connect func(address string) *admin.Client, is Condition) (why string) {
	if n.HTTP == "" {
		return "its HTTP address is not known"
	}
	client := connect(n.HTTP)
	for {
		asked, cancel := context.WithTimeout(ctx, askTimeout)
		status, err := client.Status(asked)
		cancel()
		if err == nil {
			if why = is(status); why == "" {
				return ""
			}
		} else if why == "" || ctx.Err() == nil { // that the time is up tells less
			why = admin.Reason(err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return why
		}
	}
}
