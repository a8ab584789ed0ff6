// Command embedded is a small MySQL-compatible server in memory, for machines
// on which neither MariaDB nor MySQL is installed: the demo then uses it.
//
// It is no database: everything is gone when it ends, and transactions are not
// isolated. A session works on a copy of each table that it touches and its
// commit puts that copy back, so of two sessions that write to one table at the
// same time, one loses its rows. ROLLBACK does take back what the transaction
// did; savepoints do not exist.
//
// It is a module of its own, so that the product does not inherit the
// dependencies of an SQL engine.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"
)

func main() {
	var cfg config
	flag.StringVar(&cfg.listen, "listen", "127.0.0.1:0", "`address` to listen on")
	flag.StringVar(&cfg.user, "user", "test", "`name` of the account that may log in")
	flag.StringVar(&cfg.password, "password", "test", "its `password`")
	flag.StringVar(&cfg.database, "database", "test", "`name` of the database that exists")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "embedded: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	logrus.SetOutput(io.Discard) // the engine logs every failed statement; clients are told anyway

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, cfg, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "embedded: %v\n", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. Once it accepts connections it says so in one line
// that ends with the address.
func run(ctx context.Context, cfg config, out io.Writer) error {
	s, err := newServer(cfg)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, s.close)()
	if _, err := fmt.Fprintf(out, "listening on %s\n", s.addr()); err != nil {
		return fmt.Errorf("announce the address: %w", err)
	}
	return s.serve()
}
