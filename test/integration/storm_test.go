package integration

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// stormBound is how long a client that comes in a storm may have to wait until it
// is in or knows why not.
const stormBound = 30 * time.Second

// storm is what became of clients that came all at once.
type storm struct {
	mu       sync.Mutex
	in       []*client.Conn
	refused  map[uint16]int // by the number of the error that told them
	unclear  []error        // neither
	longest  time.Duration
	database string
}

// connectAll has that many clients connect to a node at the same moment, and
// returns when all know where they are. Those that are in stay.
func connectAll(t *testing.T, n *cluster.Node, clients int) *storm {
	t.Helper()
	s := &storm{refused: make(map[uint16]int), database: databaseOf(t)}
	t.Cleanup(s.leave)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			<-begin
			s.connect(t.Context(), n, fmt.Sprint("core", i%100))
		})
	}
	close(begin)
	all.Wait()
	t.Logf("%d in, refused %v, %d unclear, the longest took %s", len(s.in), s.refused, len(s.unclear), s.longest)
	for _, err := range s.unclear[:min(5, len(s.unclear))] {
		t.Errorf("neither in nor told why: %v", err)
	}
	return s
}

func (s *storm) connect(ctx context.Context, n *cluster.Node, core string) {
	begun := time.Now()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{Deadline: begun.Add(stormBound)}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return conn, conn.SetDeadline(begun.Add(stormBound))
	}
	c, err := client.ConnectWithDialer(ctx, "tcp", n.Addresses().MySQL, user, password, s.database, dial)
	if err == nil {
		_, err = c.Execute("select library " + core)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.longest = max(s.longest, time.Since(begun))
	var told *mysql.MyError
	switch {
	case err == nil:
		s.in = append(s.in, c)
	case errors.As(err, &told):
		s.refused[told.Code]++
	default:
		s.unclear = append(s.unclear, err)
	}
}

func (s *storm) leave() {
	for _, c := range s.in {
		_ = c.Close() // it may have left already
	}
	s.in = nil
}

// waitForSessions waits until a node has no more sessions than the one that asks.
func waitForSessions(t *testing.T, n *cluster.Node) {
	t.Helper()
	err := wait.For(within(t), "only one session is left", func(ctx context.Context) error {
		c, err := client.ConnectWithContext(ctx, n.Addresses().MySQL, user, password, "", 10*time.Second)
		if err != nil {
			return err
		}
		defer c.Close()
		r, err := c.Execute("show mysqlda sessions")
		if err != nil {
			return wait.Hopeless(err)
		}
		if left := r.RowNumber(); left != 1 {
			return fmt.Errorf("%d sessions", left)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStormOfClientsGetsIn(t *testing.T) {
	const clients = 5000
	o := options(t, 1)
	o.LogLevel = "info"
	n := cluster.ForTest(t, o).Nodes[0]
	s := connectAll(t, n, clients)
	if len(s.in) != clients {
		t.Errorf("%d of %d clients got in", len(s.in), clients)
	}
	for _, i := range []int{0, len(s.in) / 2, len(s.in) - 1} {
		if i >= 0 && i < len(s.in) {
			if _, err := s.in[i].Execute("select 1 from dual"); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		}
	}
	s.leave()
	waitForSessions(t, n)
}

func TestStormBeyondTheLimitIsToldSo(t *testing.T) {
	const clients, limit, tooManyConnections = 1000, 100, 1040
	o := options(t, 1)
	o.LogLevel, o.MaxSessions = "info", limit
	n := cluster.ForTest(t, o).Nodes[0]
	s := connectAll(t, n, clients)
	if len(s.in) != limit || s.refused[tooManyConnections] != clients-limit {
		t.Errorf("%d clients are in and %v were refused, want %d and all others by error %d",
			len(s.in), s.refused, limit, tooManyConnections)
	}
	s.leave()
	waitForSessions(t, n)
	if again := connectAll(t, n, limit); len(again.in) != limit {
		t.Errorf("%d of %d clients get in when there is room again", len(again.in), limit)
	}
}
