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

// load is clients at work.
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
			core := fmt.Sprintf("customer-%d", i*sessionsPerNode+j)
			if i == 0 && j == 0 {
				core = hostileCore // it is among the sessions, too
			}
			db := open(t, n)
			l.clients.Go(func() { work(ctx, db, core) })
		}
	}
	return l
}

// prepare makes the core objects, a second name, and a table in each library.
func prepare(t *testing.T, n *cluster.Node) {
	t.Helper()
	db := open(t, n)
	defer db.Close()
	ctx := within(t)
	execute := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(ctx, statement); err != nil && !strings.Contains(err.Error(), "already exists") {
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

// open returns a client of the node with one session.
func open(t *testing.T, n *cluster.Node) *sql.DB {
	t.Helper()
	db, err := n.OpenDB(nil)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// work executes statements in the core object's library until ctx ends. After an error
// it begins anew, maybe with another session: nodes are killed, and slow machines take
// leases away.
func work(ctx context.Context, db *sql.DB, core string) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	selected := false
	for n := 0; ; n++ {
		statement := "select count(*), max(n) from (select n from visits order by id desc limit 50) v"
		switch {
		case !selected:
			statement = "select library '" + core + "'"
		case n%4 == 0:
			statement = fmt.Sprintf("insert into visits (n) values (%d)", n)
		}
		_, err := db.ExecContext(ctx, statement)
		selected = err == nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
