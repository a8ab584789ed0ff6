package workload

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

const (
	assigners, assignPeriod = 10, 120 * time.Millisecond
	locators, locatePeriod  = 4, 120 * time.Millisecond
	binders, bindPeriod     = 6, 150 * time.Millisecond
	finders, findPeriod     = 4, 150 * time.Millisecond

	class = "card" // of all correlated objects
)

func assign(ctx context.Context, s *stage) error {
	return s.clients(ctx, assigners, func(ctx context.Context, c *client) error {
		echo := c.another()
		err := c.rounds(ctx, assignPeriod, func(ctx context.Context) {
			o := c.assign(ctx, c.names.core(c.random))
			if o.Outcome == history.Done && echo.ready(ctx) {
				echo.locate(ctx, o.Core)
			}
		})
		return errors.Join(err, echo.close())
	})
}

// ready tells whether this client's turn has come to ask at once, through another
// session and mostly another node, for what was just acknowledged.
func (c *client) ready(ctx context.Context) bool {
	const oneIn = 3
	if c.random.IntN(oneIn) > 0 {
		return false
	}
	open, err := c.open(ctx)
	return err == nil && open // a node that does not let the client in is not asked
}

// assign makes the core object's library the session's. Where it is, its server says;
// if that says nothing it stays unknown.
func (c *client) assign(ctx context.Context, core string) history.Operation {
	return c.record(history.Operation{Kind: history.Assign, Core: core}, func(o *history.Operation) {
		c.at = ""
		err := c.exec(ctx, "select library "+core)
		told(o, directory, err)
		if err == nil {
			c.at = core
			// Whatever keeps the server from answering, the assignment was done.
			o.Library, err = c.library(ctx)
			o.Error = textOf(err)
		}
	})
}

func locate(ctx context.Context, s *stage) error {
	return s.clients(ctx, locators, func(ctx context.Context, c *client) error {
		return c.rounds(ctx, locatePeriod, func(ctx context.Context) {
			c.locate(ctx, c.names.coreNear(c.random))
		})
	})
}

func (c *client) locate(ctx context.Context, core string) {
	c.record(history.Operation{Kind: history.Locate, Core: core}, func(o *history.Operation) {
		var epoch uint64
		told(o, directory, c.query(ctx, fmt.Sprintf("show mysqlda placement '%s'", core), func(rows *sql.Rows) error {
			return rows.Scan(&o.Core, &o.Library, &epoch)
		}))
	})
}

func bind(ctx context.Context, s *stage) error {
	return s.clients(ctx, binders, func(ctx context.Context, c *client) error {
		echo := c.another()
		err := c.rounds(ctx, bindPeriod, func(ctx context.Context) {
			// A core object that is near may have no home yet: then it is refused.
			o := history.Operation{Kind: history.Bind, Class: class, Object: c.names.object(c.random), Core: c.names.coreNear(c.random)}
			o = c.record(o, func(o *history.Operation) {
				told(o, directory, c.exec(ctx, fmt.Sprintf("set correl_object %s %s %s", o.Class, o.Object, o.Core)))
			})
			if o.Outcome == history.Done && echo.ready(ctx) {
				echo.find(ctx, o.Object)
			}
		})
		return errors.Join(err, echo.close())
	})
}

func find(ctx context.Context, s *stage) error {
	return s.clients(ctx, finders, func(ctx context.Context, c *client) error {
		return c.rounds(ctx, findPeriod, func(ctx context.Context) {
			c.find(ctx, c.names.objectNear(c.random))
		})
	})
}

func (c *client) find(ctx context.Context, object string) {
	c.record(history.Operation{Kind: history.Find, Class: class, Object: object}, func(o *history.Operation) {
		err := c.exec(ctx, fmt.Sprintf("select library_by_correl_object %s %s", o.Class, o.Object))
		told(o, directory, err)
		if err == nil {
			o.Core, o.Library, err = cluster.Whereabouts(ctx, c.query)
			o.Error = textOf(err)
		}
	})
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
