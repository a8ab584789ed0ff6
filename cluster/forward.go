package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

const (
	// maxFrameItems bounds the items of one frame to the leader.
	maxFrameItems = 256
	// framesInFlight is how many frames a node has under way at a time: some that
	// the leader works on, some that wait there for the next entry, some that are
	// on their way.
	framesInFlight = 4
	// forwardTimeout bounds one frame. The items are asked again after it.
	forwardTimeout = 3 * time.Second
)

// forwardBatch is a follower's batch run: it sends the items to the leader and
// hands out the answers. It gives up when another node comes to lead.
func (m *member) forwardBatch(_ context.Context, batch []*ask) {
	leader, reign := m.leadership.current()
	if leader == "" || leader == m.id {
		failAll(batch, errNotLeader)
		return
	}
	ctx, cancel := context.WithTimeout(reign, forwardTimeout)
	defer cancel()
	items := make([]fsm.Item, len(batch))
	for i, a := range batch {
		items[i] = a.item
	}
	index, results, err := m.decideAt(ctx, leader, items)
	if err != nil {
		failAll(batch, err)
		return
	}
	for i, a := range batch {
		a.known = m.remember(index, a.item, results[i])
		a.answer(index, results[i])
	}
}

// decideAt has another node, which should lead, decide items. No items ask for
// a barrier.
func (m *member) decideAt(ctx context.Context, leader string, items []fsm.Item) (uint64, []fsm.ItemResult, error) {
	req := &clusterpb.DecideRequest{Items: make([]*fsmpb.Item, len(items))}
	for i, item := range items {
		req.Items[i] = item.Proto()
	}
	ctx, client, err := m.peer(ctx, leader)
	if err != nil {
		return 0, nil, err
	}
	resp, err := client.Decide(ctx, req)
	if err != nil {
		return 0, nil, elsewhere(leader, fromStatus(err))
	}
	if len(resp.GetResults()) != len(items) {
		return 0, nil, fmt.Errorf("leader %s gave %d answers to %d items", leader, len(resp.GetResults()), len(items))
	}
	results := make([]fsm.ItemResult, len(items))
	for i, r := range resp.GetResults() {
		results[i] = fsm.ItemResultFromProto(r)
	}
	return resp.GetIndex(), results, nil
}
