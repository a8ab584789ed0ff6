package top

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// Bounds of one reading.
const (
	askTimeout  = 3 * time.Second // for one answer of one node
	maxSessions = 1_000           // of one node that are looked at
)

// Reading is what the nodes of a cluster said at about one moment.
type Reading struct {
	At     time.Time // this machine's clock
	Leader string    // "" if there is none
	Nodes  []NodeReading
}

// NodeReading is what one node said, or why it did not.
type NodeReading struct {
	ID       string
	Err      error // with it there is nothing else
	Activity admin.Activity
	Sessions admin.SessionList // only where they were asked for
}

// Reader asks the nodes of a cluster. It is for one goroutine.
type Reader struct {
	connect func(address string) *admin.Client
	known   []string // HTTP addresses, the one that is asked for the cluster first
}

// NewReader makes a reader that finds the nodes through the one at the HTTP address. While
// that does not answer it asks the others that it knows of.
func NewReader(address string, connect func(address string) *admin.Client) *Reader {
	return &Reader{connect: connect, known: []string{address}}
}

// Read asks all nodes, for their sessions too if they are wanted. Its error says that no
// node answers, or the context's.
func (r *Reader) Read(ctx context.Context, sessions bool) (Reading, error) {
	status, err := r.status(ctx)
	if err != nil {
		return Reading{}, err
	}
	reading := Reading{At: time.Now(), Leader: status.Leader, Nodes: make([]NodeReading, len(status.Nodes))}
	var asking sync.WaitGroup
	for i, n := range status.Nodes {
		if n.ID == status.Node {
			n.HTTP = r.known[0] // it has answered there
		}
		asking.Go(func() { reading.Nodes[i] = r.node(ctx, n, sessions) })
	}
	asking.Wait()
	return reading, ctx.Err()
}

// status asks one node after another for the cluster.
func (r *Reader) status(ctx context.Context) (admin.Status, error) {
	var first error
	for i, address := range r.known {
		asked, cancel := context.WithTimeout(ctx, askTimeout)
		status, err := r.connect(address).Status(asked)
		cancel()
		switch {
		case ctx.Err() != nil:
			return status, ctx.Err()
		case err == nil && len(status.Nodes) == 0:
			err = fmt.Errorf("the node at %s: %s", address, status.NotReady)
		}
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		// Who answers is asked first the next time.
		r.known[0], r.known[i] = r.known[i], r.known[0]
		r.learn(status)
		return status, nil
	}
	if len(r.known) > 1 {
		first = fmt.Errorf("none of %d nodes answers; the first one: %w", len(r.known), first)
	}
	return admin.Status{}, first
}

// learn keeps the addresses of the nodes behind the one that answered.
func (r *Reader) learn(status admin.Status) {
	r.known = r.known[:1]
	for _, n := range status.Nodes {
		if n.HTTP != "" && n.ID != status.Node {
			r.known = append(r.known, n.HTTP)
		}
	}
}

var errNoAddress = errors.New("its HTTP address is not known")

func (r *Reader) node(ctx context.Context, n admin.NodeStatus, sessions bool) (reading NodeReading) {
	reading.ID = n.ID
	if n.HTTP == "" {
		reading.Err = errNoAddress
		return reading
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	client := r.connect(n.HTTP)
	if reading.Activity, reading.Err = client.Activity(ctx); reading.Err != nil || !sessions {
		return reading
	}
	reading.Sessions, reading.Err = client.Sessions(ctx, admin.SessionFilter{Limit: maxSessions})
	return reading
}
