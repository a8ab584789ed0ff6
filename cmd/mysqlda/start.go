package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/background"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/daemon"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/importer"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/pidfile"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/systemd"
)

// startOptions are the flags of `mysqlda start`.
type startOptions struct {
	file       string
	node       daemon.Options
	logLevel   string
	saved      savedStart
	background bool
	logFile    string // of a node in the background
	pidFile    string
	joinToken  string // file of the token to join with
	readyFD    int    // where to say that clients are served; 0 for nowhere
	resumeFD   int    // what the process before has left; 0 for nothing
}

func newStart() *cobra.Command {
	var o startOptions
	cmd := &cobra.Command{
		Use:   "start -f FILE",
		Short: "Run a node until SIGTERM or SIGINT, in the foreground or with --background",
		Long: `Run a node until SIGTERM or SIGINT; a second signal ends it at once. The log goes to
stderr. At SIGUSR1 or SIGHUP the node brings its config file to the cluster as
` + "`mysqlda reload`" + ` does, and logs what comes of it. At SIGUSR2 it restarts in place as
` + "`mysqlda restart`" + ` has it do. A service manager as systemd is told how the node is, and
may have opened its sockets, which are then called mysql, cluster and http.

The first node of a cluster is started with --bootstrap, every other one with
--join. A restart needs neither, and either is harmless then. A node whose config
has no cluster section makes a cluster of its own by itself.

With --background the node gets a process of its own, detached from the terminal. The
command ends when the node serves clients (exit code 0), when it has failed (1, with
the reason), or when it has said nothing for a minute (1; the node goes on). Log and
process id are in files beside the config file: n1.log and n1.pid for n1.conf.

Save files of the original are brought into the cluster before this node lets clients
in, as by ` + "`mysqlda import`" + `; a line that does not get in ends the node. Lines that are
known already do no harm.`,
		Example: `  mysqlda start -f n1.conf --bootstrap
  mysqlda start -f n2.conf --join 10.0.0.1:13307
  mysqlda start -f n2.conf --join 10.0.0.1:13307 --join-token-file n2.token
  mysqlda start -f n1.conf --background
  mysqlda start -f n1.conf --save-file mysqlda.save --class-file mysqlda.card_no.save`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if o.node.Bootstrap && len(o.node.Join) > 0 {
				return &usageError{errors.New("--bootstrap and --join exclude each other: " +
					"the first node of a cluster is started with --bootstrap, every other one with --join")}
			}
			if o.logFile != "" && !o.background {
				return &usageError{errors.New("--log-file is for --background; in the foreground the log goes to stderr")}
			}
			if levels := config.LogLevels(); o.logLevel != "" && !slices.Contains(levels, o.logLevel) {
				return &usageError{fmt.Errorf("--log-level: must be one of %s, not %q", strings.Join(levels, ", "), o.logLevel)}
			}
			if err := checkAddresses("--join", o.node.Join); err != nil {
				return err
			}
			if o.joinToken != "" {
				if len(o.node.Join) == 0 {
					return &usageError{errors.New("--join-token-file is for --join: it lets a node join a cluster")}
				}
				o.node.JoinToken = func() (string, error) { return readJoinToken(o.joinToken) }
			}
			cfg, err := config.Load(o.file)
			if err != nil {
				return err
			}
			files, err := o.saved.files()
			if err != nil {
				return err
			}
			if !o.background {
				return startInForeground(cmd, cfg, o, files)
			}
			return startInBackground(cmd, cfg, o)
		}),
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.file, "file", "f", "", "the node's config `file`")
	flags.BoolVar(&o.node.Bootstrap, "bootstrap", false, "make a new cluster with this node as its first")
	flags.StringSliceVar(&o.node.Join, "join", nil, "join the cluster of these internode `addresses` (any members)")
	flags.StringVar(&o.joinToken, "join-token-file", "", "`file` with the token that lets the node join, where the cluster wants one (mysqlda token create)")
	flags.StringVar(&o.logLevel, "log-level", "", "`level` to log instead of the config's: debug, info, warn or error")
	flags.StringArrayVar(&o.saved.placements, "save-file", nil, "`file` of the original with core objects and their libraries (may be repeated)")
	flags.StringArrayVar(&o.saved.bindings, "class-file", nil, "`file` of the original with correlated objects, called *.CLASS.save (may be repeated)")
	flags.BoolVar(&o.background, "background", false, "run the node in a process of its own and wait until it serves clients")
	flags.StringVar(&o.logFile, "log-file", "", "`file` that a node in the background appends its log to (default: beside the config file)")
	flags.StringVar(&o.pidFile, "pid-file", "", "`file` for the process id while the node runs (default with --background: beside the config file)")
	flags.IntVar(&o.readyFD, background.ReadyFlag, 0, "open file to write a line to when clients are served")
	flags.IntVar(&o.resumeFD, resumeFlag, 0, "open file with what the process before has left")
	for _, hidden := range []string{background.ReadyFlag, resumeFlag} {
		if err := flags.MarkHidden(hidden); err != nil {
			panic(fmt.Sprintf("command start: %v", err)) // the flag is not defined
		}
	}
	required(cmd, "file")
	return cmd
}

func startInForeground(cmd *cobra.Command, cfg *config.Config, o startOptions, files []importer.File) (err error) {
	log := cfg.Log
	log.Level = cmp.Or(o.logLevel, log.Level)
	logger, level, err := daemon.NewLogger(log, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	o.node.LogLevel = level
	if err := o.inherit(); err != nil {
		return err
	}
	manager, err := systemd.NewNotifier(os.Getenv)
	if err != nil {
		return err
	}
	// Who finds the pid file may send signals: all are handled before it is there.
	defer reloadOnSignals(cfg, logger)()
	asked, endAsking := restartSignals()
	defer endAsking()
	// After the first signal the usual handling is back: the second one kills.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	supervised := supervise(ctx, manager, logger)
	defer supervised.end()
	if o.node.Next, err = o.next(ctx, cfg, asked, supervised); err != nil {
		return err
	}
	if o.pidFile != "" {
		release, err := pidfile.Hold(o.pidFile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, release()) }()
	}
	o.node.Serving = func() { supervised.ready(cfg) }
	var news io.Writer = io.Discard
	if o.readyFD > 0 {
		pipe := os.NewFile(uintptr(o.readyFD), background.ReadyFlag)
		defer pipe.Close()
		news = pipe
		o.node.Serving = func() {
			supervised.ready(cfg)
			_, err := fmt.Fprintln(pipe, background.ReadyWord)
			if err = errors.Join(err, pipe.Close()); err != nil {
				logger.Info("nobody waits for this node to be ready any more", zap.Error(err))
			}
		}
	}
	if len(files) > 0 {
		o.node.BeforeClients = func(ctx context.Context) error { return bringSaveFiles(ctx, cfg, files, logger, news) }
	}
	o.node.Version = version
	return daemon.Run(ctx, cfg, o.node, logger)
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
