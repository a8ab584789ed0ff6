package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// restartPoll is how often the node is asked whether it is back.
const restartPoll = 100 * time.Millisecond

// refusals is for how many polls in a row nothing may listen where the node is asked. Where
// its HTTP address changes, there is a moment without any.
const refusals = 50

func newRestart() *cobra.Command {
	var t target
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "restart",
		Short: "Restart a running node in place, also as another release, and keep its clients",
		Long: `Restart a running node in place, and wait until it serves clients again. -f or --http
name the node. It goes on as the program that is found now where its own was: put a
new release there to upgrade. It reads its config file anew, and its process id stays.

First that program is asked whether it can take over, with the config file as it is now:
if not, nothing changes, and the command says why. Then leadership is handed over, and
transactions get server.restart_drain to end while everybody is served. After that
sessions are put to rest between two statements, and go on in the next process: what
clients send meanwhile waits, as do new connections. Sessions with TLS, compression or
temporary tables, and transactions that last too long, end with error 1053.

Where http.listen or http.tls in the file has changed, leave out -f and say with --http
how the node is reached until it has restarted.

SIGUSR2 has a node do the same. It needs Linux.`,
		Example: `  mysqlda restart -f n1.conf
  install mysqlda-new /usr/local/bin/mysqlda && mysqlda restart --http 10.0.0.1:13309`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if timeout <= 0 {
				return &usageError{fmt.Errorf("--timeout must be more than 0, not %s", timeout)}
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			return restart(cmd, &t, client, timeout)
		}),
	}
	t.flags(cmd)
	cmd.Flags().DurationVar(&timeout, "timeout", 5*time.Minute, "how long to wait until the node is back, as `5m`")
	return cmd
}

func restart(cmd *cobra.Command, t *target, client *admin.Client, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
	defer cancel()
	before, err := client.Process(ctx)
	if refused := new(admin.RefusedError); errors.As(err, &refused) {
		return fmt.Errorf("the node at %s is of a release that cannot restart in place; stop it and start it", client.Address())
	}
	if err != nil {
		return t.notAsStarted(ctx, client, err)
	}
	begun, err := client.Restart(ctx)
	if err != nil {
		return err
	}
	cmd.Printf("process %d restarts: %s, then %s\n", before.PID, before.Version, begun.Version)
	after, err := awaitRestarted(ctx, t, client, begun)
	if err != nil {
		return err
	}
	if after.Last == nil {
		return fmt.Errorf("the node was started by somebody else meanwhile, as process %d; its log says why", after.PID)
	}
	cmd.Printf("the node serves clients as %s: %s\n", after.Version, tellTakeover(*after.Last))
	return nil
}

// awaitRestarted waits until another process than the one before serves clients.
func awaitRestarted(ctx context.Context, t *target, client *admin.Client, begun admin.Restart) (admin.Process, error) {
	tick := time.NewTicker(restartPoll)
	defer tick.Stop()
	for refused := 0; ; {
		address := client.Address()
		now, err := client.Process(ctx)
		if errors.Is(err, syscall.ECONNREFUSED) && begun.HTTP != "" && begun.HTTP != client.Address() && isLocal(client) {
			// The config file may name another address now, as the node itself has told.
			address = begun.HTTP
			now, err = admin.NewClient(address, t.shown).Process(ctx)
		}
		if err != nil {
			now, err = t.askNext(ctx, address, err)
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			refused++
		} else {
			refused = 0
		}
		switch {
		case refused > refusals:
			return now, fmt.Errorf("the node has ended instead of going on (its log says why), and whoever supervises it may start it: %w", err)
		case errors.Is(err, errNextUnknown):
			return now, err
		case err != nil:
		case now.Started.Equal(begun.Started):
			err = errors.New("transactions are waited for")
		case now.NotReady != "":
			err = errors.New(now.NotReady)
		default:
			return now, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return now, fmt.Errorf("the node is not back in time (%w); it goes on by itself, look with `mysqlda status` and into its log", err)
		}
	}
}

// isLocal says that the client reaches a node of this machine for sure.
func isLocal(client *admin.Client) bool {
	host, _, err := net.SplitHostPort(client.Address())
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// tellTakeover puts into words how a restart went.
func tellTakeover(t admin.Takeover) string {
	ended := 0
	var why []string
	for _, reason := range slices.Sorted(maps.Keys(t.Ended)) {
		ended += t.Ended[reason]
		why = append(why, fmt.Sprintf("%d %s", t.Ended[reason], reason))
	}
	text := fmt.Sprintf("%d sessions go on, %d ended", t.Sessions, ended)
	if ended > 0 {
		text += " (" + strings.Join(why, ", ") + ")"
	}
	return fmt.Sprintf("%s; clients waited %s of %s", text,
		time.Duration(t.WaitedMillis)*time.Millisecond, time.Duration(t.TookMillis)*time.Millisecond)
}
