package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// Clients of each node.
const (
	singleWriters = 3 // of the moving library, autocommitting
	groupWriters  = 1 // of the moving library, with transactions
	groupRows     = 3 // of each transaction
	stillWriters  = 1
	stillReaders  = 2
)

// load is clients that go on until they are ended, whatever becomes of the nodes.
type load struct {
	*history
	stop    chan struct{}
	once    sync.Once
	clients sync.WaitGroup
	mu      sync.Mutex
	err     error // of ending sessions
}

// client is a writer, a watcher or a reader.
type client interface {
	run(ctx context.Context, stop <-chan struct{}) error
}

// startLoad starts the clients of nodes. cores are core objects by the library where
// they live. Ending ctx ends clients in the middle of statements.
func startLoad(ctx context.Context, nodes []*cluster.Node, cores map[string]string, random *rand.Rand) *load {
	l := &load{history: newHistory(), stop: make(chan struct{})}
	at := func(n *cluster.Node, library string) session {
		return session{node: n, library: library, core: cores[library], told: l.history}
	}
	var clients []client
	var writers []*writer // of the moving library
	ids := map[string]int{}
	write := func(n *cluster.Node, library string, parts int) {
		w := &writer{session: at(n, library), id: ids[library], parts: parts}
		ids[library]++
		clients = append(clients, w)
		if library == moving {
			writers = append(writers, w)
		}
	}
	for _, n := range nodes {
		for range singleWriters {
			write(n, moving, 0)
		}
		for range groupWriters {
			write(n, moving, groupRows)
		}
		for range stillWriters {
			write(n, still, 0)
		}
		for range stillReaders {
			clients = append(clients, &reader{at(n, still)})
		}
	}
	for _, n := range nodes {
		clients = append(clients, &watcher{session: at(n, moving), writers: writers, random: rand.New(rand.NewPCG(random.Uint64(), 0))})
	}
	for _, c := range clients {
		l.clients.Go(func() { l.note(c.run(ctx, l.stop)) })
	}
	return l
}

func (l *load) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = errors.Join(l.err, err)
}

// end lets every client get its last answer, and waits for that. It may be called
// again.
func (l *load) end() error {
	l.once.Do(func() { close(l.stop) })
	l.clients.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
