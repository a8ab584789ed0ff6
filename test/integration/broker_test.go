package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/broker"
	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

const (
	publishers     = 3
	leastPublished = 30   // messages of each publisher; they go on while the faults do
	mostPublished  = 1000 // and fail the test here
	// publishPace is the time between two messages of a publisher.
	publishPace = 25 * time.Millisecond
	// betweenFaults is how many messages of all publishers are acknowledged from
	// one fault to the next.
	betweenFaults = 15
)

// brokerClient is a client of the brokers and what it has received.
type brokerClient struct {
	*broker.Client
	id    string
	leave context.CancelCauseFunc
	gone  sync.WaitGroup

	mu  sync.Mutex
	got []broker.Message
}

// newBrokerClient makes a client that comes to the broker.
func newBrokerClient(t *testing.T, id string, will *broker.Message, at *brokerProcess) *brokerClient {
	c := &brokerClient{id: id}
	c.Client = broker.NewClient(broker.ClientOptions{ID: id, Will: will, Handle: func(m broker.Message) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.got = append(c.got, m)
	}})
	c.come(t, at)
	t.Cleanup(func() { c.depart(nil) })
	return c
}

// come lets the client connect, and connect again whenever it is disconnected.
func (c *brokerClient) come(t *testing.T, at *brokerProcess) {
	ctx, leave := context.WithCancelCause(t.Context())
	c.leave = leave
	c.gone.Go(func() { c.Run(ctx, at.addr) })
}

// depart ends that. With broker.ErrVanish the client does not say goodbye.
func (c *brokerClient) depart(why error) {
	c.leave(why)
	c.gone.Wait()
}

// under counts what the client has received under a topic or, with a / at the
// end, below it.
func (c *brokerClient) under(topic string) map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	count := map[string]int{}
	for _, m := range c.got {
		if m.Topic == topic || strings.HasSuffix(topic, "/") && strings.HasPrefix(m.Topic, topic) {
			count[string(m.Payload)]++
		}
	}
	return count
}

// checkOrder looks whether what one publisher published came in order.
func (c *brokerClient) checkOrder(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	newest := map[string]int{}
	for _, m := range c.got {
		var number int
		if _, err := fmt.Sscan(string(m.Payload), &number); !strings.HasPrefix(m.Topic, "load/") || err != nil {
			continue
		}
		if number <= newest[m.Topic] {
			t.Errorf("%s got number %d of %s after number %d", c.id, number, m.Topic, newest[m.Topic])
		}
		newest[m.Topic] = number
	}
}

// await waits until the client has got exactly the wanted payloads under a topic,
// each once. A payload too many fails at once.
func (c *brokerClient) await(t *testing.T, topic string, want map[string]int) {
	t.Helper()
	must(t, wait.For(within(t), c.id+" has received all of "+topic, func(context.Context) error {
		got := c.under(topic)
		missing := 0
		for payload, n := range want {
			missing += max(0, n-got[payload])
		}
		for payload, n := range got {
			if n > want[payload] {
				return wait.Hopeless(fmt.Errorf("%s got %q %d times, wanted %d", c.id, payload, n, want[payload]))
			}
		}
		if missing > 0 {
			return fmt.Errorf("%d of %d are missing", missing, len(want))
		}
		return nil
	}))
}

// publishing is a number of publishers that publish until they are told to end.
type publishing struct {
	acknowledged atomic.Int64
	ended        chan struct{}
	tasks        sync.WaitGroup

	mu   sync.Mutex
	sent map[string]int // by payload: all that was acknowledged, once each
}

// publish lets the client publish numbers at QoS 2 under a topic of its own.
func (p *publishing) publish(t *testing.T, c *brokerClient) {
	ctx := within(t)
	p.tasks.Go(func() {
		pace := time.NewTicker(publishPace)
		defer pace.Stop()
		for number := 1; number <= mostPublished; number++ {
			payload := fmt.Sprintf("%d of %s", number, c.id)
			m := broker.Message{Topic: "load/" + c.id, Payload: []byte(payload), QoS: 2}
			if err := c.Publish(ctx, m); err != nil {
				t.Error(err)
				return
			}
			p.mu.Lock()
			p.sent[payload] = 1
			p.mu.Unlock()
			p.acknowledged.Add(1)
			select {
			case <-p.ended:
				if number >= leastPublished {
					return
				}
			case <-ctx.Done():
				return
			case <-pace.C:
			}
		}
		t.Errorf("%s has published %d messages and the faults are not over", c.id, mostPublished)
	})
}

// progress waits for some more acknowledged messages.
func (p *publishing) progress(t *testing.T) {
	t.Helper()
	goal := p.acknowledged.Load() + betweenFaults
	must(t, wait.For(within(t), "publishing goes on", func(context.Context) error {
		if now := p.acknowledged.Load(); now < goal {
			return fmt.Errorf("%d of %d", now, goal)
		}
		return nil
	}))
}

func (p *publishing) end() {
	close(p.ended)
	p.tasks.Wait()
}

// TestBrokersDeliverEachMessageOnceWhileNodesAreKilled runs the application of
// package broker: two brokers that keep everything in MySQL, reached through
// nodes that are killed under them.
func TestBrokersDeliverEachMessageOnceWhileNodesAreKilled(t *testing.T) {
	t.Parallel()
	o := options(t, 3)
	o.DefaultLibrary = libraries[0]
	started, err := servers()
	must(t, err)
	for i, s := range started {
		schema := broker.HomeSchema
		if libraries[i] == o.DefaultLibrary {
			schema = slices.Concat(schema, broker.EventSchema)
		}
		for _, table := range schema {
			directly(t, s, o.Database, table)
		}
	}
	c := cluster.ForTest(t, o)
	left := startBroker(t, o.Database, c.Nodes[0], c.Nodes[2])
	right := startBroker(t, o.Database, c.Nodes[1], c.Nodes[2])

	// Those who publish are on the left, those who subscribe on the right.
	steady := newBrokerClient(t, "steady", nil, right)
	away := newBrokerClient(t, "away", nil, right)
	mover := newBrokerClient(t, "mover", nil, right)
	for _, s := range []*brokerClient{steady, away, mover} {
		must(t, s.Subscribe(within(t), "load/+", 2))
		must(t, s.Subscribe(within(t), "wills/#", 2))
	}
	frail := newBrokerClient(t, "frail", &broker.Message{Topic: "wills/frail", Payload: []byte("farewell"), QoS: 2}, left)
	polite := newBrokerClient(t, "polite", &broker.Message{Topic: "wills/polite", Payload: []byte("never"), QoS: 2}, left)
	must(t, frail.Publish(within(t), broker.Message{Topic: "state/frail", Payload: []byte("old"), QoS: 1, Retain: true}))
	must(t, frail.Publish(within(t), broker.Message{Topic: "state/frail", Payload: []byte("new"), QoS: 2, Retain: true}))
	must(t, polite.Publish(within(t), broker.Message{Topic: "state/polite", Payload: []byte("fine"), QoS: 1, Retain: true}))

	load := &publishing{ended: make(chan struct{}), sent: map[string]int{}}
	for i := range publishers {
		load.publish(t, newBrokerClient(t, fmt.Sprintf("publisher-%d", i), nil, left))
	}
	load.progress(t)
	away.depart(nil)
	must(t, c.Nodes[0].Kill())
	load.progress(t) // over the third node
	must(t, c.Nodes[0].Start(t.Context()))
	mover.depart(broker.ErrVanish)
	frail.depart(broker.ErrVanish)
	polite.depart(nil)
	must(t, c.Nodes[1].Kill())
	load.progress(t)
	must(t, c.Nodes[1].Start(t.Context()))
	must(t, c.Nodes[2].Kill()) // now both are there
	load.progress(t)
	mover.come(t, left)
	away.come(t, right)
	load.progress(t)
	must(t, c.Nodes[2].Start(t.Context()))
	load.end()
	if t.Failed() {
		t.FailNow()
	}

	late := newBrokerClient(t, "late", nil, right)
	must(t, late.Subscribe(within(t), "state/+", 2))
	late.await(t, "state/", map[string]int{"new": 1, "fine": 1})
	for _, s := range []*brokerClient{steady, away, mover} {
		s.await(t, "load/", load.sent)
		s.await(t, "wills/", map[string]int{"farewell": 1})
	}
	awaitEmptyTables(t, o.Database)
	for _, s := range []*brokerClient{steady, away, mover} { // nothing came after
		s.await(t, "load/", load.sent)
		s.await(t, "wills/", map[string]int{"farewell": 1})
		s.checkOrder(t)
	}
	checkEvents(t, o.Database, load.sent)
	for _, b := range []*brokerProcess{left, right} {
		if strings.Contains(b.read(t), "Duplicate entry") {
			t.Error("a broker repeated a step that had been done, and only an index stopped it")
		}
		if b.cuts() == 0 || !strings.Contains(b.read(t), "repeat a transaction") {
			t.Error("a broker never had to repeat anything: nothing was tested")
		}
	}
	t.Logf("%d messages, %d commits of unknown outcome", len(load.sent), left.cuts()+right.cuts())
}

// awaitEmptyTables waits until nothing is queued or in flight for anybody, in any
// library.
func awaitEmptyTables(t *testing.T, database string) {
	t.Helper()
	ctx := within(t)
	started, err := servers()
	must(t, err)
	for _, s := range started {
		conn := connectToServer(t, s.Port())
		for _, table := range []string{"inbox", "outbox"} {
			must(t, wait.For(ctx, table+" is empty", func(ctx context.Context) error {
				var rows int
				err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM `"+database+"`."+table).Scan(&rows)
				if err == nil && rows > 0 {
					err = errors.New("it is not")
				}
				return err
			}))
		}
	}
}

// checkEvents counts in the table of events what was published under load.
func checkEvents(t *testing.T, database string, sent map[string]int) {
	t.Helper()
	started, err := servers()
	must(t, err)
	conn := connectToServer(t, started[0].Port())
	rows, err := conn.QueryContext(t.Context(),
		"SELECT payload, COUNT(*) FROM `"+database+"`.events WHERE topic LIKE 'load/%' GROUP BY payload")
	must(t, err)
	defer rows.Close()
	found := 0
	for rows.Next() {
		var payload string
		var n int
		must(t, rows.Scan(&payload, &n))
		if found++; n != sent[payload] {
			t.Errorf("%q is %d times among the events, wanted %d", payload, n, sent[payload])
		}
	}
	must(t, rows.Err())
	if found != len(sent) {
		t.Errorf("%d different events, %d were published", found, len(sent))
	}
}
