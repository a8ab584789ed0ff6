package main

import (
	"context"
	"fmt"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// runSQL writes a customer's rows through one node, reads them through another,
// and looks into the servers to see where they are.
func (t *tour) runSQL(ctx context.Context) error {
	t.out.chapter("4. Real SQL, in the customer's home")
	const core = "customer-1"
	library, err := t.cluster.Nodes[0].Locate(ctx, core)
	if err != nil {
		return err
	}
	writer, err := open(ctx, t.cluster.Nodes[1])
	if err != nil {
		return err
	}
	defer writer.close()
	for _, statement := range []string{
		"select library " + core,
		"create table orders (id int primary key, customer varchar(64), amount int)",
		"start transaction",
		"insert into orders values (1, 'customer-1', 30), (2, 'customer-1', 12)",
		"commit",
	} {
		t.out.sql(writer.node.ID, statement+";")
		if err := writer.exec(ctx, statement); err != nil {
			return err
		}
	}
	t.out.say("Through another node:")
	reader, err := open(ctx, t.cluster.Nodes[2])
	if err != nil {
		return err
	}
	defer reader.close()
	if err := reader.exec(ctx, "select library "+core); err != nil {
		return err
	}
	const sum = "select sum(amount) from orders where customer = 'customer-1'"
	t.out.sql(reader.node.ID, "select library "+core+";")
	t.out.sql(reader.node.ID, sum+";")
	got, err := reader.number(ctx, sum)
	if err != nil {
		return err
	}
	if got != 42 {
		return fmt.Errorf("the sum is %d, it should be 42", got)
	}
	t.out.say("  42")
	if err := t.checkOrdersAreIn(ctx, library); err != nil {
		return err
	}
	t.out.say("The table is in %s, where %s lives, and in no other.", library, core)
	return nil
}

// checkOrdersAreIn looks into every server directly.
func (t *tour) checkOrdersAreIn(ctx context.Context, library string) error {
	for _, s := range t.servers {
		db, err := s.open()
		if err != nil {
			return err
		}
		var tables int
		err = db.QueryRowContext(ctx, "select count(*) from information_schema.tables where table_schema = '"+
			database+"' and table_name = 'orders'").Scan(&tables)
		if closeErr := db.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return fmt.Errorf("look into %s: %w", s.library, err)
		}
		if (tables == 1) != (s.library == library) {
			return fmt.Errorf("%s has %d tables called orders, and the customer lives in %s", s.library, tables, library)
		}
	}
	return nil
}

// bind gives a customer a second name through one node and finds it through
// another.
func (t *tour) bind(ctx context.Context) error {
	t.out.chapter("5. A second name: the card number")
	t.out.say("An order comes in with a card number only. Once somebody has said whose it is,")
	t.out.say("every node finds the customer's home by it:")
	const (
		tell = "set correl_object card_no 330001 customer-1"
		find = "select library_by_correl_object card_no 330001"
		read = "select count(*) from orders"
	)
	if err := through(ctx, t.cluster.Nodes[0], func(s *session) error {
		t.out.sql(s.node.ID, tell+";")
		return s.exec(ctx, tell)
	}); err != nil {
		return err
	}
	return through(ctx, t.cluster.Nodes[2], func(s *session) error {
		t.out.sql(s.node.ID, find+";")
		if err := s.exec(ctx, find); err != nil {
			return err
		}
		t.out.sql(s.node.ID, read+";")
		orders, err := s.number(ctx, read)
		if err != nil {
			return err
		}
		if orders != 2 {
			return fmt.Errorf("found %d orders by card number, there should be 2", orders)
		}
		t.out.say("  %d", orders)
		return nil
	})
}

// through opens a session to a node for the time of do.
func through(ctx context.Context, n *cluster.Node, do func(*session) error) error {
	s, err := open(ctx, n)
	if err != nil {
		return err
	}
	defer s.close()
	return do(s)
}
