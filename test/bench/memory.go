package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// memory is what sessions cost a target, for each of them, in bytes.
type memory struct {
	title    string
	target   string
	sessions int
	backends int // connections to the server meanwhile
	usage        // for each session
}

// firstSessions are there before the memory is looked at for the first time: what
// the first ones cost is the program's own warming up. It is divided among the
// others only.
const firstSessions = 8

// usage is the memory of a process in bytes.
type usage struct {
	resident    int64 // in RAM (RSS)
	heap, stack int64 // of a node: what Go's runtime holds for each; 0 for others
}

func usageOf(ctx context.Context, t target) (u usage, err error) {
	if u.resident, err = observe.ResidentBytes(t.pid); err != nil || t.http == "" {
		return u, err
	}
	heap, err := observe.Metric(ctx, t.http, "go_memstats_heap_inuse_bytes", "")
	if err != nil {
		return u, err
	}
	stack, err := observe.Metric(ctx, t.http, "go_memstats_stack_inuse_bytes", "")
	u.heap, u.stack = int64(heap), int64(stack)
	return u, err
}

// each divides what was added since before among sessions.
func (u usage) each(before usage, sessions int) usage {
	n := int64(sessions)
	return usage{
		resident: (u.resident - before.resident) / n,
		heap:     (u.heap - before.heap) / n,
		stack:    (u.stack - before.stack) / n,
	}
}

// measureMemory measures every scene that takes memory, each with processes of
// its own.
func (b *bench) measureMemory(ctx context.Context) error {
	if b.wants(idleMemory) {
		for _, k := range idleKinds(b.sessions) {
			b.say("%d sessions: %s", k.sessions, k.title)
			if err := b.onMemoryStage(ctx, func(s *stage) error { return b.measureIdle(ctx, s, k) }); err != nil {
				return fmt.Errorf("%d sessions: %s: %w", k.sessions, k.title, err)
			}
		}
	}
	if b.wants(slowReaders) {
		b.say("%d slow readers", slowSessions)
		if err := b.onMemoryStage(ctx, func(s *stage) error { return b.measureSlow(ctx, s) }); err != nil {
			return fmt.Errorf("slow readers: %w", err)
		}
	}
	return nil
}

func (b *bench) onMemoryStage(ctx context.Context, do func(*stage) error) (err error) {
	s, err := b.openMemoryStage(ctx)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return err
	}
	return do(s)
}

// eachProxy does something with HAProxy and the node, one after the other, and
// waits in between until the server is rid of the first one's connections.
func (s *stage) eachProxy(ctx context.Context, do func(target) error) error {
	quiet, err := serverConnections(ctx, s.server)
	if err != nil {
		return err
	}
	for i, t := range s.targets[1:] {
		if i > 0 {
			if err := awaitQuiet(ctx, s.server, quiet+probeConnections); err != nil {
				return err
			}
		}
		if err := do(t); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

const (
	// probeConnections are those that a node may open meanwhile without a client.
	probeConnections = 2
	// quietTimeout bounds how long a server may take to end connections that
	// its clients have left.
	quietTimeout = time.Minute
)

func awaitQuiet(ctx context.Context, server *sql.DB, most int) error {
	ctx, cancel := context.WithTimeout(ctx, quietTimeout)
	defer cancel()
	return wait.For(ctx, "the server is rid of old connections", func(ctx context.Context) error {
		n, err := serverConnections(ctx, server)
		if err == nil && n > most {
			err = fmt.Errorf("there are %d", n)
		}
		return err
	})
}
