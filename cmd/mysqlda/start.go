package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/daemon"
)

func newStart() *cobra.Command {
	var file string
	var options daemon.Options
	cmd := &cobra.Command{
		Use:   "start -f FILE",
		Short: "Run a node in the foreground until SIGTERM or SIGINT",
		Long: `Run a node in the foreground until SIGTERM or SIGINT; a second signal ends it at
once. The log goes to stderr. SIGUSR1 and SIGHUP change nothing: a changed config
file is brought to the cluster by ` + "`mysqlda reload`" + `.

The first node of a cluster is started with --bootstrap, every other one with
--join. A restart needs neither, and either is harmless then. A node whose config
has no cluster section makes a cluster of its own by itself.`,
		Example: `  mysqlda start -f n1.conf --bootstrap
  mysqlda start -f n2.conf --join 10.0.0.1:13307
  mysqlda start -f n1.conf`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if options.Bootstrap && len(options.Join) > 0 {
				return &usageError{errors.New("--bootstrap and --join exclude each other: " +
					"the first node of a cluster is started with --bootstrap, every other one with --join")}
			}
			if err := checkAddresses("--join", options.Join); err != nil {
				return err
			}
			cfg, err := config.Load(file)
			if err != nil {
				return err
			}
			options.Version = version
			var logger *zap.Logger
			logger, options.LogLevel, err = daemon.NewLogger(cfg.Log, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer keepRunningOnReloadSignals(logger)()
			// After the first signal the usual handling is back: the second one kills.
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop)
			return daemon.Run(ctx, cfg, options, logger)
		}),
	}
	flags := cmd.Flags()
	flags.StringVarP(&file, "file", "f", "", "the node's config `file`")
	flags.BoolVar(&options.Bootstrap, "bootstrap", false, "make a new cluster with this node as its first")
	flags.StringSliceVar(&options.Join, "join", nil, "join the cluster of these internode `addresses` (any members)")
	required(cmd, "file")
	return cmd
}

// checkAddresses checks what an option for internode addresses was given and
// puts each into its usual spelling.
func checkAddresses(option string, addresses []string) error {
	for i, a := range addresses {
		address, err := config.CheckAddress(a)
		if err != nil {
			return &usageError{fmt.Errorf("%s: %w", option, err)}
		}
		addresses[i] = address
	}
	return nil
}
