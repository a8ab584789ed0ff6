package cluster

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mysqlda/mysqlda/fsm"
)

type memberMetrics struct {
	registerer prometheus.Registerer
	registered []prometheus.Collector

	batchItems    prometheus.Histogram
	batchSeconds  prometheus.Histogram
	latency       prometheus.Histogram
	overloads     prometheus.Counter
	gossipRefused prometheus.Counter

	snapshotSeconds  prometheus.Histogram
	snapshotFailures prometheus.Counter
}

func newMemberMetrics(r prometheus.Registerer, m *member) (*memberMetrics, error) {
	mm := &memberMetrics{
		registerer: r,
		batchItems: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "mysqlda_assign_batch_items",
			Help:    "Items in one log entry that this node proposed as leader.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 13),
		}),
		batchSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "mysqlda_assign_batch_seconds",
			Help:    "Time from proposing a log entry to having applied it.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "mysqlda_assign_latency_seconds",
			Help:    "Time from asking to knowing, of requests that this node's memory could not answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
		}),
		overloads: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mysqlda_assign_overloads_total",
			Help: "Requests that were refused because too many were waiting.",
		}),
		gossipRefused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mysqlda_gossip_refused_total",
			Help: "Gossip connections that were refused because too many were open.",
		}),
	}
	mm.snapshotSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "mysqlda_snapshot_seconds",
		Help:    "Time that this node took to make a snapshot and to shorten its log.",
		Buckets: prometheus.ExponentialBuckets(0.01, 2, 16),
	})
	mm.snapshotFailures = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "mysqlda_snapshot_failures_total",
		Help: "Snapshots that could not be made.",
	})
	collectors := append(m.gauges(), mm.batchItems, mm.batchSeconds, mm.latency, mm.overloads, mm.gossipRefused, mm.snapshotSeconds, mm.snapshotFailures)
	for _, c := range collectors {
		if err := r.Register(c); err != nil {
			mm.unregister()
			return nil, fmt.Errorf("registering the metrics of the cluster: %w", err)
		}
		mm.registered = append(mm.registered, c)
	}
	return mm, nil
}

// gauges read their values when they are collected.
func (m *member) gauges() []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			if m.node.member.Load() != m {
				return 0 // still starting
			}
			return value()
		})
	}
	counter := func(name, help string, value func() uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 {
			if m.node.member.Load() != m {
				return 0 // still starting
			}
			return float64(value())
		})
	}
	return []prometheus.Collector{
		counter("mysqlda_raft_log_bytes_total", "Bytes that this process appended to its log.", func() uint64 {
			log, _ := m.stores.Written()
			return log
		}),
		counter("mysqlda_snapshot_bytes_total", "Bytes that this process wrote to snapshots, its own and received ones.", func() uint64 {
			_, snapshots := m.stores.Written()
			return snapshots
		}),
		gauge("mysqlda_raft_log_since_snapshot_bytes", "Bytes of the log that follow the last snapshot.", func() float64 {
			_, since := m.stores.LastSnapshot()
			return float64(since)
		}),
		gauge("mysqlda_snapshot_last_bytes", "Size of the last snapshot.", func() float64 {
			size, _ := m.stores.LastSnapshot()
			return float64(size)
		}),
		gauge("mysqlda_raft_leader", "1 while this node leads.", func() float64 { return oneIf(m.raft.State() == raft.Leader) }),
		gauge("mysqlda_raft_leader_known", "1 while this node knows of a leader.", func() float64 { return oneIf(m.leaderID() != "") }),
		gauge("mysqlda_raft_term", "Raft's current term.", func() float64 { return float64(m.raft.CurrentTerm()) }),
		gauge("mysqlda_raft_commit_index", "Index of the last log entry that is known to be committed.", func() float64 { return float64(m.raft.CommitIndex()) }),
		gauge("mysqlda_raft_applied_index", "Index of the last command that this node's state holds.", func() float64 { return float64(m.machine.AppliedIndex()) }),
		gauge("mysqlda_assign_queue_items", "Items that wait for their batch on this node.", func() float64 {
			return float64(m.proposer.queued() + m.forwarder.queued())
		}),
		gauge("mysqlda_assign_ahead_items", "Answers of the leader that this node keeps until it has applied them.", func() float64 {
			return float64(m.replica.decided.size.Load())
		}),
		gauge("mysqlda_gossip_members", "Nodes that gossip sees alive.", func() float64 { return float64(m.gossip.aliveCount()) }),
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (mm *memberMetrics) unregister() {
	for _, c := range mm.registered {
		mm.registerer.Unregister(c)
	}
}

func (mm *memberMetrics) observeBatch(items int, took time.Duration) {
	mm.batchItems.Observe(float64(items))
	mm.batchSeconds.Observe(took.Seconds())
}

func (mm *memberMetrics) observeDecision(took time.Duration) { mm.latency.Observe(took.Seconds()) }

func (mm *memberMetrics) countFailure(err error) {
	if errors.Is(err, fsm.ErrOverloaded) {
		mm.overloads.Inc()
	}
}
