package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

const (
	// settleTimeout bounds how long everything may take to be whole again.
	settleTimeout = 60 * time.Second
	// lookPace is the time between two looks at the status, which take a process each.
	lookPace = 200 * time.Millisecond
)

// awaitStatus waits until the status of the moving library is as wanted, in the eyes of
// any of the nodes that run.
func (s *scene) awaitStatus(ctx context.Context, what string, wanted func(cluster.LibraryStatus) error) (found cluster.LibraryStatus, err error) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	next := time.Now()
	last := errors.New("not looked at yet")
	err = wait.For(ctx, what, func(ctx context.Context) error {
		if time.Now().Before(next) {
			return last
		}
		next = time.Now().Add(lookPace)
		found, last = s.library(ctx, moving)
		if last == nil {
			last = wanted(found)
		}
		return last
	})
	return found, err
}

// library is the status of a library in the eyes of the first node that answers.
func (s *scene) library(ctx context.Context, name string) (cluster.LibraryStatus, error) {
	const answerTimeout = 2 * time.Second
	err := errors.New("no node runs")
	for _, n := range s.cluster.Nodes {
		if !n.Running() || s.blind[n] {
			continue
		}
		answerCtx, cancel := context.WithTimeout(ctx, answerTimeout)
		status, statusErr := n.Status(answerCtx)
		cancel()
		if statusErr != nil {
			err = statusErr
			continue
		}
		library, ok := status.Library(name)
		if !ok {
			return library, fmt.Errorf("node %s knows of no library %s", n.ID, name)
		}
		return library, nil
	}
	return cluster.LibraryStatus{}, err
}

// awaitWhole waits until the moving library has an active server, no switch is under
// way, and every other server follows or is excluded, with a reason.
func (s *scene) awaitWhole(ctx context.Context) error {
	_, err := s.awaitStatus(ctx, "the servers of library "+moving+" are whole", s.whole)
	return err
}

func (s *scene) whole(l cluster.LibraryStatus) error {
	switch {
	case l.Switch != nil:
		return fmt.Errorf("a switch is under way: %+v", *l.Switch)
	case l.Active == "":
		return errors.New("there is no active server")
	case l.Failover != "off" && !l.Guarded:
		return errors.New("not all nodes know that it may fail over")
	}
	for _, server := range l.Servers {
		if err := s.inOrder(l, server); err != nil {
			return fmt.Errorf("server %s: %w", server.Address, err)
		}
	}
	return nil
}

// inOrder says what is wrong with a server.
func (s *scene) inOrder(l cluster.LibraryStatus, server cluster.ServerStatus) error {
	switch {
	case !server.Healthy:
		return fmt.Errorf("it is not healthy: %s", server.LastError)
	case server.Address == l.Active:
		if server.ReadOnly == nil || *server.ReadOnly {
			return errors.New("it is active, and read-only")
		}
	case s.mesh, s.policy == "follow": // nobody takes servers back
	case server.Excluded != "":
		return s.fencedOff(server)
	case server.ReadOnly == nil || !*server.ReadOnly:
		return errors.New("it takes writes")
	case server.Source != l.Active:
		return fmt.Errorf("it follows %q", server.Source)
	case !server.Receiving || !server.Applying:
		return errors.New("it does not receive, or not apply")
	}
	return nil
}

// fencedOff says what is wrong with a server that is excluded.
func (s *scene) fencedOff(server cluster.ServerStatus) error {
	if server.ReadOnly == nil || !*server.ReadOnly {
		return errors.New("it is excluded, and takes writes")
	}
	return nil
}

// server is the server of the moving library at an address.
func (s *scene) server(address string) *mysqld.Server {
	i := slices.IndexFunc(s.servers, func(server *mysqld.Server) bool { return server.Addr() == address })
	if i < 0 {
		return nil
	}
	return s.servers[i]
}

// active is the active server; there has to be one.
func (s *scene) active(ctx context.Context) (*mysqld.Server, error) {
	l, err := s.awaitStatus(ctx, "there is an active server", func(l cluster.LibraryStatus) error {
		if l.Active == "" {
			return errors.New("there is none")
		}
		return nil
	})
	return s.server(l.Active), err
}

// awaitOther waits until another server than that is the active one, and returns it.
func (s *scene) awaitOther(ctx context.Context, than *mysqld.Server) (*mysqld.Server, error) {
	l, err := s.awaitStatus(ctx, "another server than "+than.Addr()+" is active", func(l cluster.LibraryStatus) error {
		if l.Active == "" || l.Active == than.Addr() {
			return fmt.Errorf("the active server is %q; the switch is %+v", l.Active, l.Switch)
		}
		return nil
	})
	return s.server(l.Active), err
}

// replicas are the servers beside one.
func (s *scene) replicas(beside *mysqld.Server) []*mysqld.Server {
	return slices.DeleteFunc(slices.Clone(s.servers), func(server *mysqld.Server) bool { return server == beside })
}
