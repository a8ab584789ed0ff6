package cluster

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

// stateHashWait bounds how long a node that is asked for the fingerprint of its
// state may take to apply the index in question.
const stateHashWait = 2 * time.Second

// fingerprint tells states at one index apart.
type fingerprint struct {
	hash   fsm.Hash
	digest fsm.Digest
}

func (f fingerprint) String() string {
	return fmt.Sprintf("hash %s and digest %s", f.hash, f.digest)
}

// checkpointer has all nodes compare their states, during one term of this node
// as leader. It asks each voter for its fingerprint at one index and puts the one
// that a majority of the voters has into the log; a node that has another one
// there stops. This node's own counts like any other: if it is the odd one out,
// it proposes the majority's all the same and stops when it applies it.
//
// Without a majority nothing is proposed, also when all that answered agree: a
// leader that can commit reaches a majority of the voters, which will answer at
// another time, and a leader whose own state is broken must not stop the healthy
// nodes because their answers got lost. So whatever is proposed, a majority of
// the voters goes on.
type checkpointer struct {
	member   *member
	last     uint64 // index of the last checkpoint, or 0
	disputed bool   // it was logged that there is no majority for any state
}

// check compares the states once, unless nothing was applied since the last
// checkpoint, so that an idle cluster's log does not grow.
func (c *checkpointer) check(ctx context.Context) error {
	m := c.member
	index, hash, digest := m.machine.Fingerprint()
	if index <= c.last {
		return nil
	}
	own := fingerprint{hash, digest}
	voters, held := m.fingerprints(ctx, index, own)
	agreed, ok := majority(held, voters)
	if !ok {
		c.noMajority(index, voters, held)
		return nil
	}
	c.disputed = false
	if agreed != own {
		m.logger.Error("the state of this node, which leads, is not the one that most voters have",
			zap.Uint64("index", index), zap.Stringer("own", own), zap.Stringer("theirs", agreed))
	}
	command, err := fsm.Checkpoint{Index: index, Hash: agreed.hash, Digest: agreed.digest}.Encode()
	if err != nil {
		return err
	}
	at, result, err := m.apply(command)
	if err != nil {
		return err
	}
	c.last = at
	return result.Err
}

// noMajority tells of voters whose states differ, once until they agree again.
func (c *checkpointer) noMajority(index uint64, voters int, held map[string]fingerprint) {
	var ids []string
	states := make(map[fingerprint]bool)
	for id, f := range held {
		ids = append(ids, id)
		states[f] = true
	}
	if len(states) < 2 {
		c.member.logger.Debug("too few voters tell their state", zap.Uint64("index", index), zap.Int("voters", voters), zap.Strings("told", ids))
		return
	}
	if c.disputed {
		return
	}
	c.disputed = true
	sort.Strings(ids)
	for i, id := range ids {
		ids[i] = id + ": " + held[id].String()
	}
	c.member.logger.Error("the states of voters differ, and none is that of a majority: no node can be told to stop",
		zap.Uint64("index", index), zap.Int("voters", voters), zap.String("states", strings.Join(ids, "; ")))
}

// majority returns the fingerprint that more than half of so many voters have.
func majority(held map[string]fingerprint, voters int) (fingerprint, bool) {
	counts := make(map[fingerprint]int)
	for _, f := range held {
		counts[f]++
		if counts[f] > voters/2 {
			return f, true
		}
	}
	return fingerprint{}, false
}

// fingerprints asks all other voters at once for their state at index. It returns
// how many voters there are and what those have, by id, that remember that index
// and answered in time. It does not wait for the others once a majority agrees:
// nodes remember their latest states only.
func (m *member) fingerprints(ctx context.Context, index uint64, own fingerprint) (voters int, held map[string]fingerprint) {
	var ids []string
	for _, s := range m.servers() {
		if s.Suffrage == raft.Voter {
			ids = append(ids, string(s.ID))
		}
	}
	type answer struct {
		id    string
		state fingerprint
		err   error
	}
	answers := make(chan answer, len(ids))
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	for _, id := range ids {
		asking.Go(func() {
			a := answer{id: id, state: own}
			if id != m.id {
				a.state, a.err = m.fingerprintOf(ctx, id, index)
			}
			answers <- a
		})
	}
	held = make(map[string]fingerprint)
	for range ids {
		a := <-answers
		if a.err != nil {
			m.logger.Debug("a voter does not tell its state", zap.String("member", a.id), zap.Uint64("index", index), zap.Error(a.err))
			continue
		}
		held[a.id] = a.state
		if _, ok := majority(held, len(ids)); ok {
			break
		}
	}
	return len(ids), held
}

// errForgotten says that a node does not know what its state was at an index.
var errForgotten = errors.New("its state at that index is not known")

func (m *member) fingerprintOf(ctx context.Context, id string, index uint64) (fingerprint, error) {
	ctx, cancel := context.WithTimeout(ctx, stateHashWait+pingTimeout)
	defer cancel()
	ctx, client, err := m.peer(ctx, id)
	if err != nil {
		return fingerprint{}, err
	}
	resp, err := client.StateHash(ctx, &clusterpb.StateHashRequest{Index: index})
	if err != nil {
		return fingerprint{}, fromStatus(err)
	}
	if !resp.GetKnown() || len(resp.GetHash()) != len(fsm.Hash{}) {
		return fingerprint{}, errForgotten
	}
	return fingerprint{hash: fsm.Hash(resp.GetHash()), digest: fsm.Digest(resp.GetDigest())}, nil
}

// StateHash implements clusterpb.ClusterServer. It waits a moment for this node to
// apply the index.
func (s *service) StateHash(ctx context.Context, req *clusterpb.StateHashRequest) (*clusterpb.StateHashResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, stateHashWait)
	defer cancel()
	if err := m.replica.applied.wait(waiting, req.GetIndex()); err != nil && ctx.Err() != nil {
		return nil, err // the caller has gone
	}
	hash, digest, known := m.machine.FingerprintAt(req.GetIndex())
	return &clusterpb.StateHashResponse{Known: known, Hash: hash[:], Digest: uint64(digest)}, nil
}
