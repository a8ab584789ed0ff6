package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

const (
	// askers is how many sessions ask about each new object at about the same time.
	askers = 4
	// bindEvery is how many questions a session asks for each binding it makes.
	bindEvery = 8
	// sessionPatience bounds one statement; a session whose node stands still
	// goes on at another one.
	sessionPatience = 15 * time.Second
	// sessionPace is the time between two questions of a session.
	sessionPace = 50 * time.Millisecond
)

// load is a number of sessions that go on giving new core objects a home, and
// second names to them, until they are ended, whatever becomes of the nodes.
type load struct {
	answers *answers // what was acknowledged
	next    atomic.Int64

	mu       sync.Mutex
	bindings map[string]string // acknowledged: card number to core object
	refused  map[uint16]int    // errors that a node gave, by number
	lost     int               // statements without an answer

	stop     context.CancelFunc
	sessions sync.WaitGroup
}

// startLoad starts sessions at the nodes, which may come and go.
func startLoad(t *testing.T, nodes []*cluster.Node, sessions int) *load {
	ctx, stop := context.WithCancel(t.Context())
	l := &load{answers: newAnswers(0), bindings: map[string]string{}, refused: map[uint16]int{}, stop: stop}
	for number := range sessions {
		l.sessions.Go(func() { l.session(ctx, nodes, number) })
	}
	t.Cleanup(l.end)
	return l
}

// end ends the sessions and waits for them. It may be called more than once.
func (l *load) end() {
	l.stop()
	l.sessions.Wait()
}

func (l *load) session(ctx context.Context, nodes []*cluster.Node, number int) {
	random := rand.New(rand.NewPCG(uint64(number), 2))
	pace := time.NewTicker(sessionPace)
	defer pace.Stop()
	var s *clientSession
	defer func() { s.close() }()
	for at := number; ctx.Err() == nil; {
		n := nodes[at%len(nodes)]
		err := errors.New("no session")
		if s == nil {
			s, err = dial(ctx, n)
		}
		if s != nil {
			err = l.ask(ctx, s, random)
		}
		if err != nil {
			l.count(ctx, err)
			s.close()
			s = nil
			at++
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
	}
}

// ask has a session select an object that is new or nearly so, and now and then
// give it a second name.
func (l *load) ask(ctx context.Context, s *clientSession, random *rand.Rand) error {
	ctx, cancel := context.WithTimeout(ctx, sessionPatience)
	defer cancel()
	number := fmt.Sprint(l.next.Add(1) / askers)
	core := "obj-" + number
	server, err := selectLibrary(ctx, s.conn, core)
	if err != nil {
		return err
	}
	l.answers.add("node "+s.node.ID, core, server)
	if random.IntN(bindEvery) > 0 {
		return nil
	}
	if _, err := s.conn.ExecContext(ctx, fmt.Sprintf("set correl_object card_no %s %s", number, core)); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bindings[number] = core
	return nil
}

func (l *load) count(ctx context.Context, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var answer *mysql.MySQLError
	switch {
	case ctx.Err() != nil: // ended by us
	case errors.As(err, &answer):
		l.refused[answer.Number]++
	default:
		l.lost++
	}
}

// String tells how it went.
func (l *load) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%d answers about %d objects, %d bindings, errors by number %v, %d statements unanswered",
		l.answers.total(), l.answers.objects(), len(l.bindings), l.refused, l.lost)
}

// progress waits until the sessions were given that many answers more.
func (l *load) progress(t *testing.T, answers int) {
	t.Helper()
	goal := l.answers.total() + answers
	err := wait.For(within(t), "the sessions get answers", func(context.Context) error {
		if got := l.answers.total(); got < goal {
			return fmt.Errorf("%d of %d", got, goal)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// check ends the sessions and compares everything that was acknowledged with
// what every node says, and the nodes with each other.
func (l *load) check(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	l.end()
	t.Log(l)
	for _, n := range c.Nodes {
		if !n.Running() {
			t.Fatalf("node %s has ended: %s", n.ID, n.Process().State())
		}
	}
	if err := c.WaitWhole(within(t)); err != nil {
		t.Fatal(err)
	}
	ctx := within(t)
	objects := l.answers.objects()
	var group sync.WaitGroup
	for _, n := range c.Nodes {
		conn := connect(t, n)
		group.Go(func() {
			for _, core := range l.answers.cores() {
				server, err := selectLibrary(ctx, conn, core)
				if err != nil {
					t.Errorf("select library %s through node %s: %v", core, n.ID, err)
					return
				}
				l.answers.add("afterwards, node "+n.ID, core, server)
			}
			for card, core := range l.bindings {
				var server int
				_, err := conn.ExecContext(ctx, "select library_by_correl_object card_no "+card)
				if err == nil {
					err = conn.QueryRowContext(ctx, "SELECT @@port").Scan(&server)
				}
				if err != nil {
					t.Errorf("card %s of %s through node %s: %v", card, core, n.ID, err)
					return
				}
				l.answers.add("afterwards, by card, node "+n.ID, core, server)
			}
		})
	}
	group.Wait()
	l.answers.check(t, objects)
	checkSameState(t, c)
}

func (a *answers) total() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count
}

func (a *answers) objects() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.server)
}

// cores are the objects that were answered.
func (a *answers) cores() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]string, 0, len(a.server))
	for core := range a.server {
		list = append(list, core)
	}
	return list
}
