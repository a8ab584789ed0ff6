package cluster

import (
	"context"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

const (
	// minGreetingRetry and maxGreetingRetry bound the wait after a greeting could
	// not be recorded. It doubles with each failure, and varies by half.
	minGreetingRetry = 100 * time.Millisecond
	maxGreetingRetry = 5 * time.Second
	// recordTimeout bounds one attempt to have the leader record a greeting.
	recordTimeout = 5 * time.Second
)

// Greetings returns how the libraries' servers greet, by their addresses, as far
// as the cluster remembers it. The map must not be changed.
func (n *Node) Greetings() map[string]fsm.Greeting { return n.machine.Greetings() }

// ReportGreeting tells that a server has greeted this node so. It does not wait:
// where the cluster remembers something else, it is told in the background, if
// need be again and again. Of several reports on one server the last one counts.
func (n *Node) ReportGreeting(address string, g fsm.Greeting) {
	if recorded, ok := n.machine.Greetings()[address]; ok && recorded == g {
		n.greetings.drop(address)
		return
	}
	report := fsm.RecordGreeting{Address: address, Greeting: g}
	if err := report.Check(); err != nil {
		n.logger.Debug("a greeting cannot be remembered", zap.Error(err))
		return
	}
	n.greetings.add(report)
}

// recordGreetings has the cluster remember what was reported, until ctx ends.
func (m *member) recordGreetings(ctx context.Context) {
	board := m.node.greetings
	retry := minGreetingRetry
	for {
		due, wait := board.due(m.machine.Greetings(), time.Now())
		news := board.news
		for _, report := range due {
			refused, err := m.recordGreeting(ctx, report)
			if err != nil {
				m.logger.Debug("a greeting is not recorded yet", zap.String("server", report.Address), zap.Error(err))
				wait, news = retry/2+rand.N(retry), nil
				retry = min(2*retry, maxGreetingRetry)
				break
			}
			if refused != nil {
				m.logger.Debug("a greeting is not remembered", zap.Error(refused))
			}
			retry = minGreetingRetry
			board.settle(report, time.Now())
		}
		timer := time.NewTimer(wait)
		select {
		case <-news:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// recordGreeting has whoever leads record a greeting. It makes one attempt;
// recording something twice is harmless.
func (m *member) recordGreeting(ctx context.Context, report fsm.RecordGreeting) (refused, err error) {
	leader := m.leaderID()
	switch leader {
	case "":
		return nil, errNotLeader
	case m.id:
		return m.recordGreetingHere(report)
	}
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	ctx, client, err := m.peer(ctx, leader)
	if err != nil {
		return nil, err
	}
	resp, err := client.RecordGreeting(ctx, &clusterpb.RecordGreetingRequest{Command: report.Proto()})
	if err != nil {
		return nil, fromStatus(err)
	}
	return fsm.ErrorFromProto(resp.GetError()), nil
}

// recordGreetingHere is for the leader. All nodes report what they see, mostly
// the same: only what is news is put into the log.
func (m *member) recordGreetingHere(report fsm.RecordGreeting) (refused, err error) {
	if !m.leads() {
		return nil, errNotLeader
	}
	if m.machine.Settings() == nil {
		return nil, fsm.ErrNoSettings // there are no libraries yet; the report would be refused
	}
	if recorded, ok := m.machine.Greetings()[report.Address]; ok && recorded == report.Greeting {
		return nil, nil
	}
	command, err := report.Encode()
	if err != nil {
		return nil, err
	}
	_, result, err := m.apply(command)
	return result.Err, err
}

// RecordGreeting implements clusterpb.ClusterServer.
func (s *service) RecordGreeting(_ context.Context, req *clusterpb.RecordGreetingRequest) (*clusterpb.RecordGreetingResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	report, err := fsm.RecordGreetingFromProto(req.GetCommand())
	if err != nil {
		return &clusterpb.RecordGreetingResponse{Error: fsm.ErrorProto(err)}, nil
	}
	refused, err := m.recordGreetingHere(report)
	if err != nil {
		return nil, err
	}
	return &clusterpb.RecordGreetingResponse{Error: fsm.ErrorProto(refused)}, nil
}
