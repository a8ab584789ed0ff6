package workload

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

const (
	// connectTimeout is how long a client tries to reach a node, and as long again to
	// log in.
	connectTimeout = 2 * time.Second
	// patience is how long a client waits for an answer before it gives its
	// connection up.
	patience = 10 * time.Second
	// lastAnswers is how long a client waits for answers when the run is over.
	lastAnswers = 20 * time.Second
	// stay is after how many uses a client leaves its node, on average.
	stay = 40
)

// client is one client with at most one connection, to a member of the cluster. It
// is for one goroutine.
type client struct {
	*stage
	number int
	random *rand.Rand

	node *cluster.Node
	db   *sql.DB
	conn *sql.Conn // nil: there is none
	at   string    // the core object that the session is at; "" if it is not known
}

// another is a further client of the same number and randomness, for the same
// goroutine.
func (c *client) another() *client {
	return &client{stage: c.stage, number: c.number, random: c.random}
}

// rounds does something with an open connection again and again, until ctx ends. All
// clients of one period begin their rounds at the same moments, so that they race.
// What is under way when ctx ends is carried through, if the answers come in time.
func (c *client) rounds(ctx context.Context, period time.Duration, do func(context.Context)) error {
	answered, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	context.AfterFunc(ctx, func() {
		select {
		case <-answered.Done():
		case <-time.After(lastAnswers):
			giveUp()
		}
	})
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(period - c.Recorder.Now()%period)
		select {
		case <-ctx.Done():
			return c.close()
		case <-timer.C:
		}
		if c.random.IntN(stay) == 0 {
			if err := c.close(); err != nil {
				return err
			}
		}
		// A node that does not take the client is not asked; the next round tries
		// another one.
		if open, err := c.open(answered); err != nil {
			return err
		} else if open {
			do(answered)
		}
	}
}

// open connects to a member at random, unless there is a connection. It returns false
// if that member did not let the client in.
func (c *client) open(ctx context.Context) (bool, error) {
	if c.conn != nil {
		return true, nil
	}
	members := c.Cluster.Members()
	if len(members) == 0 {
		return false, nil
	}
	return c.openAt(ctx, members[c.random.IntN(len(members))])
}

// openAt is open with that node.
func (c *client) openAt(ctx context.Context, node *cluster.Node) (bool, error) {
	db, err := node.OpenDB(func(m *mysql.Config) { m.Timeout = connectTimeout })
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*connectTimeout)
	defer cancel()
	conn, err := db.Conn(ctx)
	if err != nil {
		if err := db.Close(); err != nil {
			return false, fmt.Errorf("give up node %s: %w", node.ID, err)
		}
		return false, nil
	}
	c.node, c.db, c.conn = node, db, conn
	return true, nil
}

// exec executes a statement that has no rows.
func (c *client) exec(ctx context.Context, statement string) error {
	if c.conn == nil {
		return errNoConnection
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := c.conn.ExecContext(ctx, statement)
	return c.heed(err)
}

// query executes a statement and has each of its rows scanned.
func (c *client) query(ctx context.Context, statement string, scan func(*sql.Rows) error) error {
	if c.conn == nil {
		return errNoConnection
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rows, err := c.conn.QueryContext(ctx, statement)
	if err != nil {
		return c.heed(err)
	}
	for err == nil && rows.Next() {
		err = scan(rows)
	}
	return c.heed(errors.Join(err, rows.Err(), rows.Close()))
}

// errNoConnection: the connection was lost by a statement before.
var errNoConnection = errors.New("there is no connection any more")

// heed gives the connection up if an error says that it is over, or that its answer
// did not come in time.
func (c *client) heed(err error) error {
	if endsSession(err) {
		return errors.Join(err, c.close())
	}
	return err
}

// close ends the connection. What one says that is over anyway is no news.
func (c *client) close() error {
	if c.conn == nil {
		return nil
	}
	_ = c.conn.Close()
	db := c.db
	c.db, c.conn, c.at = nil, nil, ""
	if err := db.Close(); err != nil && !errors.Is(err, driver.ErrBadConn) {
		return fmt.Errorf("end a session with node %s: %w", c.node.ID, err)
	}
	return nil
}

// record carries out an operation at the node that the client is connected to and
// keeps what became of it.
func (c *client) record(o history.Operation, do func(*history.Operation)) history.Operation {
	o.Client, o.Node = c.number, c.node.ID
	return c.Recorder.Record(o, do)
}

// library asks the library's server which one it is.
func (c *client) library(ctx context.Context) (name string, err error) {
	err = c.query(ctx, "select name from library_name", func(rows *sql.Rows) error { return rows.Scan(&name) })
	return name, err
}
