package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

const (
	// askTimeout bounds one question to one node.
	askTimeout = 2 * time.Second
	// settleTimeout bounds how long everything may take to be whole.
	settleTimeout = 90 * time.Second
	lookPace      = 200 * time.Millisecond
)

// Status asks a node over HTTP. It makes one attempt, for at most two seconds.
func (n *Node) Status(ctx context.Context) (s harness.Status, err error) {
	err = n.Page(ctx, "/api/v1/status", func(body io.Reader) error { return json.NewDecoder(body).Decode(&s) })
	return s, err
}

// Page asks for a page of the node over HTTP, and has its body read. It makes one
// attempt, for at most two seconds.
func (n *Node) Page(ctx context.Context, path string, read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.Addresses().HTTP+path, nil)
	if err != nil {
		return fmt.Errorf("ask node %s for %s: %w", n.ID, path, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask node %s for %s: %w", n.ID, path, err)
	}
	if answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("it says %s", answer.Status)
	} else {
		err = read(answer.Body)
	}
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return fmt.Errorf("ask node %s for %s: %w", n.ID, path, err)
	}
	return nil
}

// Leader is the member that runs and calls itself the leader. It asks each once.
func (c *Cluster) Leader(ctx context.Context) (*Node, error) {
	var errs []error
	for _, n := range c.Members() {
		if !n.Running() {
			continue
		}
		s, err := n.Status(ctx)
		switch {
		case err != nil:
			errs = append(errs, err)
		case s.Leader == n.ID:
			return n, nil
		}
	}
	return nil, errors.Join(append(errs, errors.New("no member calls itself the leader"))...)
}

// Settle waits until the members run, serve clients, see each other alive under the
// same leader and every library with its servers in order.
func (c *Cluster) Settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	next := time.Now()
	last := errors.New("not looked at yet")
	return wait.For(ctx, "everything is whole", func(ctx context.Context) error {
		if time.Now().Before(next) {
			return last
		}
		next = time.Now().Add(lookPace)
		last = c.whole(ctx)
		return last
	})
}

func (c *Cluster) whole(ctx context.Context) error {
	members := c.Members()
	leader := ""
	for _, n := range members {
		if !n.Running() {
			return fmt.Errorf("node %s does not run: %s", n.ID, n.Process().State())
		}
		if err := n.Page(ctx, "/readyz?strict=1", func(io.Reader) error { return nil }); err != nil {
			return err
		}
		s, err := n.Status(ctx)
		switch {
		case err != nil:
			return err
		case s.Leader == "":
			return fmt.Errorf("node %s knows no leader", n.ID)
		case leader != "" && leader != s.Leader:
			return fmt.Errorf("node %s follows %s, and another one %s", n.ID, s.Leader, leader)
		case len(s.Nodes) != len(members):
			return fmt.Errorf("node %s knows %d members, and there are %d", n.ID, len(s.Nodes), len(members))
		}
		leader = s.Leader
		for _, other := range members {
			if seen, ok := s.Node(other.ID); !ok || !seen.Voter || !seen.Alive {
				return fmt.Errorf("node %s sees %s as %+v", n.ID, other.ID, seen)
			}
		}
		for _, l := range s.Libraries {
			if err := inOrder(l); err != nil {
				return fmt.Errorf("node %s: library %s: %w", n.ID, l.Name, err)
			}
		}
	}
	return nil
}

// inOrder says what is wrong with a library.
func inOrder(l harness.LibraryStatus) error {
	if l.Switch != nil {
		return fmt.Errorf("a switch is under way: %+v", *l.Switch)
	}
	for _, s := range l.Servers {
		if !s.Healthy {
			return fmt.Errorf("server %s is not healthy: %s", s.Address, s.LastError)
		}
	}
	if l.Name != Moving {
		return nil
	}
	if l.Active == "" || !l.Guarded {
		return fmt.Errorf("its active server is %q, guarded: %t", l.Active, l.Guarded)
	}
	for _, s := range l.Servers {
		if s.Address != l.Active && s.Excluded == "" && (s.Source != l.Active || !s.Receiving || !s.Applying) {
			return fmt.Errorf("server %s does not follow: %+v", s.Address, s)
		}
	}
	return nil
}
