package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/terminal"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/top"
)

// Bounds of --interval.
const (
	minTopInterval = 100 * time.Millisecond
	maxTopInterval = time.Hour
)

// batchWidth is how wide lines are that go to no terminal.
const batchWidth = 120

// topOptions are the flags of `mysqlda top`.
type topOptions struct {
	target   target
	out      output
	view     string
	sort     string
	interval time.Duration
	count    int
	once     bool
}

func newTop() *cobra.Command {
	var o topOptions
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Show live what all nodes do: rates and latencies by library, sessions, nodes",
		Long: `Show live what all nodes of the cluster do: by library statements, errors and bytes
a second, latencies of the last interval, sessions and waits for connections; the
sessions; the nodes. The node of -f or --http says which nodes there are; one that
does not answer is a line that says so.

  q  quit
  l  the next view: libraries, sessions, nodes
  s  the next order: statements, errors, latency, sessions, name

Latencies are estimates from the nodes' histograms, of all statements that ended
within the interval. WAIT/S is how many sessions a second had to wait for a connection
to a server, POOL how many connections sessions hold.

Without a terminal, with --count, --once or another output than table, it prints one
picture after another instead. The first comes after one interval. NO_COLOR in the
environment takes the colors away.`,
		Example: `  mysqlda top -f n1.conf
  mysqlda top --view sessions --sort latency --interval 5s --http 10.0.0.1:13309
  mysqlda top --once -o json -f n1.conf
  mysqlda top --count 10 -f n1.conf > rates.txt`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error { return runTop(cmd, &o) }),
	}
	o.target.flags(cmd)
	o.out.flags(cmd)
	views, orders := asWords(top.Views()), asWords(top.Orders())
	flags := cmd.Flags()
	flags.StringVar(&o.view, "view", string(top.Libraries), "what the lines are of: "+strings.Join(views, ", "))
	flags.StringVar(&o.sort, "sort", string(top.ByStatements), "`order` of the lines: "+strings.Join(orders, ", "))
	flags.DurationVar(&o.interval, "interval", 2*time.Second, "`duration` between two readings of the nodes")
	flags.IntVarP(&o.count, "count", "n", 0, "`number` of pictures, 0 for no end")
	flags.BoolVar(&o.once, "once", false, "one picture, as --count 1")
	completeFlag(cmd, "view", views...)
	completeFlag(cmd, "sort", orders...)
	return cmd
}

func asWords[T ~string](values []T) []string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	return words
}

// options checks the flags.
func (o *topOptions) options() (top.Options, error) {
	if err := o.out.check(); err != nil {
		return top.Options{}, err
	}
	view, order := top.View(o.view), top.Order(o.sort)
	switch {
	case !slices.Contains(top.Views(), view):
		return top.Options{}, &usageError{fmt.Errorf("--view must be one of %s, not %q", strings.Join(asWords(top.Views()), ", "), o.view)}
	case !slices.Contains(top.Orders(), order):
		return top.Options{}, &usageError{fmt.Errorf("--sort must be one of %s, not %q", strings.Join(asWords(top.Orders()), ", "), o.sort)}
	case o.interval < minTopInterval || o.interval > maxTopInterval:
		return top.Options{}, &usageError{fmt.Errorf("--interval must be from %s to %s, not %s", minTopInterval, maxTopInterval, o.interval)}
	case o.count < 0:
		return top.Options{}, &usageError{fmt.Errorf("--count cannot be negative, it is %d", o.count)}
	case o.once && o.count > 1:
		return top.Options{}, &usageError{errors.New("--once and --count exclude each other")}
	}
	count := o.count
	if o.once {
		count = 1
	}
	return top.Options{View: view, Sort: order, Interval: o.interval, Count: count, Color: os.Getenv("NO_COLOR") == ""}, nil
}

func runTop(cmd *cobra.Command, o *topOptions) error {
	options, err := o.options()
	if err != nil {
		return err
	}
	client, err := o.target.client()
	if err != nil {
		return err
	}
	reader := top.NewReader(client.Address(), o.target.connect)
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	screen := terminal.Of(cmd.OutOrStdout(), os.Getenv)
	if screen != nil && terminal.Is(os.Stdin) && options.Count == 0 && o.out.format == asTable {
		return terminal.OnScreen(ctx, os.Stdin, screen, func(ctx context.Context, s *terminal.Screen) error {
			return top.OnScreen(ctx, reader, options, s)
		})
	}
	printed := false
	show := func(f *top.Frame) error {
		if err := o.separate(cmd.OutOrStdout(), printed); err != nil {
			return err
		}
		printed = true
		return o.out.print(cmd.OutOrStdout(), f, func(w io.Writer) error {
			width := batchWidth
			if screen != nil {
				width, _ = terminal.Size(screen)
			}
			lines, _ := f.Lines(options.View, width)
			_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
			return err
		})
	}
	err = top.Run(ctx, reader, options, show, func(err error) { cmd.PrintErrln("mysqlda: " + terminal.Plain(err.Error())) })
	if ctx.Err() != nil && printed {
		return nil // who has seen something may stop it
	}
	return err
}

// separate writes what stands between two pictures.
func (o *topOptions) separate(w io.Writer, follows bool) error {
	if !follows {
		return nil
	}
	between := map[string]string{asTable: "\n", asYAML: "---\n", asJSON: ""}[o.out.format]
	_, err := io.WriteString(w, between)
	return err
}
