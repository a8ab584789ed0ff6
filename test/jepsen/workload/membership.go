package workload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
)

const (
	betweenMembers = 5 * time.Second
	// fewestMembers is how many members the operator leaves.
	fewestMembers = 3
	// askedOn is how long clients go on to connect to a node that was removed.
	askedOn = 10 * time.Second
	// tidyTimeout bounds how long the operator tries to be rid of nodes in doubt, when
	// the injuring is over.
	tidyTimeout = 2 * time.Minute
)

// changeMembers lets spare nodes join and members go: by themselves, by force, or
// because their disks are lost.
func changeMembers(ctx context.Context, s *stage) error {
	m := &membership{operator: s.operator(), patience: endTimeout}
	for _, n := range m.Cluster.Nodes {
		if !n.Member() {
			m.spare = append(m.spare, n)
		}
	}
	for m.rest(ctx, betweenMembers) {
		if err := m.change(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	return errors.Join(m.tidy(context.WithoutCancel(ctx)), m.awaitEnds(context.WithoutCancel(ctx)))
}

// membership is an operator who changes who is a member. An id that was in the
// cluster once never comes back.
type membership struct {
	*operator
	spare []*cluster.Node // that never were in a cluster
	// doubtful are nodes that are to be no members, and may be.
	doubtful []*cluster.Node
	// gone are nodes that are no members for certain and have to end by themselves, each
	// within patience from when everything is whole.
	gone     []claimed
	patience time.Duration
}

// change does one thing that is possible now. Nodes in doubt come first.
func (m *membership) change(ctx context.Context) error {
	if len(m.doubtful) > 0 {
		if m.removeNow(ctx, m.doubtful[0]) == nil {
			m.doubtful = m.doubtful[1:]
		}
		return nil
	}
	members := m.Cluster.Members()
	many := len(members) > fewestMembers
	var possible []func(context.Context) error
	if len(m.spare) > 0 {
		possible = append(possible, m.join, m.replace)
	}
	if many {
		possible = append(possible, m.leave, m.removeKilled, m.removeRunning)
	}
	if len(possible) == 0 {
		return nil
	}
	return possible[m.random.IntN(len(possible))](ctx)
}

// join takes a spare node in. One that does not get ready is ended again.
func (m *membership) join(ctx context.Context) error {
	n := m.spare[0]
	release, ok := n.Claim()
	if !ok {
		return nil
	}
	defer release()
	var via []string
	for _, member := range m.Cluster.Members() {
		via = append(via, member.Addresses().Cluster)
	}
	m.spare = m.spare[1:]
	m.Recorder.Note("node %s joins", n.ID)
	if err := n.Launch("--join", strings.Join(via, ",")); err != nil {
		return fmt.Errorf("let node %s join: %w", n.ID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	err := n.WaitReady(ctx)
	if err == nil {
		err = m.waitVoter(ctx, n)
	}
	if err == nil {
		m.Recorder.Note("node %s has joined", n.ID)
		n.SetMember(true)
		return nil
	}
	m.Recorder.Note("node %s is given up: %v", n.ID, err)
	m.doubtful = append(m.doubtful, n)
	return end(n)
}

func (m *membership) waitVoter(ctx context.Context, n *cluster.Node) error {
	return wait.For(ctx, fmt.Sprintf("node %s votes", n.ID), func(ctx context.Context) error {
		s, err := n.Status(ctx)
		if err != nil {
			return err
		}
		if known, _ := s.Node(n.ID); !known.Voter {
			return fmt.Errorf("node %s does not vote yet", n.ID)
		}
		return nil
	})
}

// leave lets a member go by itself.
func (m *membership) leave(ctx context.Context) error {
	n, ok := m.claim(m.Cluster.Members())
	if !ok {
		return nil
	}
	m.Recorder.Note("node %s is told to leave", n.ID)
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	out, err := n.CLI(ctx, "leave")
	n.SetMember(false)
	if err == nil {
		m.Recorder.Note("node %s has left", n.ID)
		m.gone = append(m.gone, n)
		return nil
	}
	defer n.release()
	m.Recorder.Note("node %s did not leave and is removed: %s%v", n.ID, out, err)
	err = end(n.Node)
	m.remove(ctx, n.Node)
	return err
}

// removeKilled takes a member out that has lost its disk.
func (m *membership) removeKilled(ctx context.Context) error {
	n, ok := m.claim(m.Cluster.Members())
	if !ok {
		return nil
	}
	defer n.release()
	return m.lose(ctx, n.Node)
}

// removeRunning takes a member out that goes on until it learns of it. New clients go
// on to ask it for a while, and those that are connected as long as it lets them.
func (m *membership) removeRunning(ctx context.Context) error {
	n, ok := m.claim(m.Cluster.Members())
	if !ok {
		return nil
	}
	m.Recorder.Note("node %s is removed while it runs", n.ID)
	if err := m.removeNow(ctx, n.Node); err != nil {
		defer n.release()
		m.doubtful = append(m.doubtful, n.Node)
		n.SetMember(false)
		return end(n.Node)
	}
	asked := time.NewTimer(askedOn)
	defer asked.Stop()
	select {
	case <-n.Process().Done():
	case <-asked.C: // it may be cut off from all others
	}
	n.SetMember(false)
	m.gone = append(m.gone, n)
	return nil
}

// replace is removeKilled with a new node in its place, which joins before the lost
// one is removed where there would be too few otherwise.
func (m *membership) replace(ctx context.Context) error {
	n, ok := m.claim(m.Cluster.Members())
	if !ok {
		return nil
	}
	defer n.release()
	if len(m.Cluster.Members()) > fewestMembers {
		return errors.Join(m.lose(ctx, n.Node), m.join(ctx))
	}
	before := len(m.Cluster.Members())
	if err := m.join(ctx); err != nil {
		return err
	}
	if len(m.Cluster.Members()) == before {
		return nil // nobody came
	}
	return m.lose(ctx, n.Node)
}

// lose kills a node, wipes its disk and removes it from the cluster.
func (m *membership) lose(ctx context.Context, n *cluster.Node) error {
	m.Recorder.Note("node %s loses its disk and is removed", n.ID)
	n.SetMember(false)
	if err := end(n); err != nil {
		return err
	}
	if err := wipe(n.DataDir()); err != nil {
		return fmt.Errorf("wipe node %s: %w", n.ID, err)
	}
	m.remove(ctx, n)
	return nil
}

// remove takes a node out of the cluster; if that does not work now it stays to be
// done.
func (m *membership) remove(ctx context.Context, n *cluster.Node) {
	if err := m.removeNow(ctx, n); err != nil {
		m.doubtful = append(m.doubtful, n)
	}
}

func (m *membership) removeNow(ctx context.Context, n *cluster.Node) error {
	_, err := m.order(ctx, n, func(s harness.Status) bool {
		_, known := s.Node(n.ID)
		return !known
	}, "remove", n.ID)
	return err
}

// tidy removes what is in doubt.
func (m *membership) tidy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tidyTimeout)
	defer cancel()
	var errs []error
	for _, n := range m.doubtful {
		for {
			err := m.removeNow(ctx, n)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				errs = append(errs, fmt.Errorf("be rid of node %s: %w", n.ID, err))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// end ends a node's process, if it runs.
func end(n *cluster.Node) error {
	if !n.Running() {
		return nil
	}
	if err := n.Kill(); err != nil {
		return fmt.Errorf("end node %s: %w", n.ID, err)
	}
	return nil
}

// wipe empties a directory, which may be a file system of its own.
func wipe(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
