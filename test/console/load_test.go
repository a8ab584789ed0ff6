package console

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// Names that would be markup if anybody took them for it. hurt is what they would set.
const (
	hostileCore   = `<img/src=x/onerror=window.hurt=1>`
	hostileClass  = `"><b>class</b>`
	hostileObject = `<svg/onload=window.hurt=1>`
)

// pace is the time between two statements of a client.
const pace = 25 * time.Millisecond

// load is clients at work. A client whose node goes away ends; that is no failure.
type load struct {
	stop    context.CancelFunc
	clients sync.WaitGroup
}

// startLoad gives core objects homes and names, and has clients work in their
// libraries. No core object comes afterwards, so that numbers can be compared.
func startLoad(t *testing.T, nodes []*cluster.Node) *load {
	t.Helper()
	prepare(t, nodes[0])
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop}
	t.Cleanup(func() {
		l.stop()
		l.clients.Wait()
	})
	for i, n := range nodes {
		for j := range sessionsPerNode {
			conn := connect(t, n)
			core := fmt.Sprintf("customer-%d", i*sessionsPerNode+j)
			if i == 0 && j == 0 {
				core = hostileCore // it is among the sessions, too
			}
			if _, err := conn.ExecContext(within(t), "select library '"+core+"'"); err != nil {
				t.Fatal(err)
			}
			l.clients.Go(func() { work(ctx, conn) })
		}
	}
	return l
}

// prepare makes the core objects, a second name, and a table in each library.
func prepare(t *testing.T, n *cluster.Node) {
	t.Helper()
	db, err := n.OpenDB(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := within(t)
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	execute := func(statement string) {
		t.Helper()
		if _, err := conn.ExecContext(ctx, statement); err != nil && !strings.Contains(err.Error(), "already exists") {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for i := range coreObjects - 1 {
		execute(fmt.Sprintf("select library customer-%d", i))
		if i < 20 { // both libraries are among them, but for a chance of 2 to the power of -19
			execute("create table visits (id bigint auto_increment primary key, n int)")
		}
	}
	execute("select library '" + hostileCore + "'")
	execute(fmt.Sprintf("set correl_object '%s' '%s' '%s'", hostileClass, hostileObject, hostileCore))
	execute("set correl_object card_no 330001 customer-7")
}

func connect(t *testing.T, n *cluster.Node) *sql.Conn {
	t.Helper()
	db, err := n.OpenDB(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	conn, err := db.Conn(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// work executes statements until ctx or the connection ends.
func work(ctx context.Context, conn *sql.Conn) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for n := 0; ; n++ {
		statement := "select count(*), max(n) from (select n from visits order by id desc limit 50) v"
		if n%4 == 0 {
			statement = fmt.Sprintf("insert into visits (n) values (%d)", n)
		}
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
