package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/terminal"
)

const (
	// minDrain is the shortest time for transactions: none stands for the default.
	minDrain = time.Millisecond
	// watchPause is between two looks at how far a switch has come.
	watchPause = 500 * time.Millisecond
)

func newLibraryActivate() *cobra.Command {
	var t changeTarget
	var request admin.ActivateRequest
	var drain time.Duration
	cmd := &cobra.Command{
		Use:   "activate NAME SERVER",
		Short: "Make another server of a library the active one, on all nodes",
		Long: `Make another server of a library the active one, on all nodes, and wait until it is.

Open transactions get the time of --drain to end; other statements wait meanwhile. If
some are open then, nothing is changed. After that no node uses the old server any
more, it is fenced, the new one is made ready, and the statements go on there. With
failover promote the new server is promoted and has everything of the old one.

--force does not wait for transactions, for nodes that do not answer (but for the end
of their leases), or for fencing to work. Transactions that are open are rolled back.
What the old server has acknowledged and the new one has not is lost, and if the old
one cannot be reached, somebody else may still write to it: it must not come back as it
is.

Ctrl-C ends the waiting; a switch that has begun goes on. ` + "`status`" + ` shows how far it is.`,
		Example: `  mysqlda library activate library_1 10.0.2.1:3306 -f n1.conf
  mysqlda library activate library_1 10.0.2.1:3306 --drain 60s -f n1.conf
  mysqlda library activate library_1 10.0.2.1:3306 --force -f n1.conf`,
		Args: exactly("NAME", "SERVER"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			var err error
			if request.Server, err = config.CheckAddress(args[1]); err != nil {
				return &usageError{fmt.Errorf("SERVER: %w", err)}
			}
			if drain < minDrain || drain > admin.MaxDrain {
				return &usageError{fmt.Errorf("--drain must be from %s to %s, not %s", minDrain, admin.MaxDrain, drain)}
			}
			request.Drain = drain.Seconds()
			client, err := t.client(cmd)
			if err != nil {
				return err
			}
			if err := activate(cmd.Context(), cmd.Println, client, args[0], request); err != nil {
				return err
			}
			return t.everywhere(cmd, client, 0)
		}),
	}
	t.flags(cmd)
	completeArgs(cmd, &t.target, libraryNames, serversOfLibrary)
	cmd.Flags().BoolVar(&request.Force, "force", false, "go on although transactions are open, nodes do not answer or the old server cannot be fenced")
	cmd.Flags().DurationVar(&drain, "drain", 5*time.Second, "how long open transactions may take to end")
	return cmd
}

// activate has a server made the active one and says what happens until it is.
func activate(ctx context.Context, say func(line ...any), client *admin.Client, library string, request admin.ActivateRequest) error {
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	before, err := libraryNamed(status, library)
	if err != nil {
		return err
	}
	if before.Active == request.Server && before.Switch == nil {
		return fmt.Errorf("server %s is the active one of library %s already", request.Server, library)
	}
	began := time.Now()
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watchSwitch(watching, say, client, library)
	}()
	err = client.Activate(ctx, library, request)
	stop()
	<-watched
	if errors.Is(err, context.Canceled) {
		return errors.New("not waiting any longer; what has begun goes on, look with `mysqlda status`")
	}
	if err != nil {
		return err
	}
	from := ""
	if before.Active != "" {
		from = " in place of " + before.Active
	}
	say(fmt.Sprintf("library %s: %s is the active server%s, after %.1f s", library, request.Server, from, time.Since(began).Seconds()))
	return nil
}

// watchSwitch says how far the library's switch has come, until ctx ends.
func watchSwitch(ctx context.Context, say func(line ...any), client *admin.Client, library string) {
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchPause):
		}
		status, err := client.Status(ctx)
		if err != nil {
			continue // the answer to the request itself says what is wrong
		}
		l, err := libraryNamed(status, library)
		if err != nil || l.Switch == nil {
			continue
		}
		if line := switchLine(l.Name, *l.Switch); line != last {
			say(line)
			last = line
		}
	}
}

// switchLine says how far a library's switch has come.
func switchLine(library string, s admin.SwitchStatus) string {
	to := s.To
	if to == "" {
		to = "a server that is not chosen yet"
	}
	why := s.Cause
	if s.Reason != "" {
		why += ": " + s.Reason
	}
	line := fmt.Sprintf("library %s: the active server changes from %s to %s: %s (%s)", library, s.From, to, s.Phase, why)
	if s.Forced {
		line += ", forced"
	}
	return terminal.Plain(line) // reasons are errors of servers, too
}
