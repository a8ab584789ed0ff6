package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/daemon"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/handover"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/systemd"
)

// resumeFlag is the hidden flag of start that names what handover.State.Leave returns.
const resumeFlag = "resume-fd"

// inherit takes what the process before has left, or the service manager has opened.
func (o *startOptions) inherit() error {
	given, err := systemd.Sockets(os.Getenv)
	if err != nil {
		return fmt.Errorf("sockets of the service manager: %w", err)
	}
	for _, name := range systemd.Variables() {
		if err := os.Unsetenv(name); err != nil {
			return fmt.Errorf("sockets of the service manager: %w", err)
		}
	}
	if o.resumeFD > 0 {
		if o.node.Before, err = handover.Take(o.resumeFD); err != nil {
			return err
		}
		o.node.Sockets, err = handover.NewSockets(o.node.Before.Sockets)
		return err
	}
	if o.node.Sockets, err = handover.NewSockets(nil); err != nil {
		return err
	}
	for _, socket := range given {
		if err := o.node.Sockets.Given(socket.Name, socket.FD); err != nil {
			return err
		}
	}
	return nil
}

// restartSignals are requests to restart in place.
func restartSignals() (asked <-chan os.Signal, stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR2)
	return signals, func() { signal.Stop(signals) }
}

// next says how the node restarts in place: by executing the program that is found where
// this one's was.
func (o startOptions) next(ctx context.Context, cfg *config.Config, asked <-chan os.Signal, s *supervision) (daemon.Next, error) {
	program, err := handover.Program() // before somebody puts another one there
	if err != nil {
		return daemon.Next{}, err
	}
	return daemon.Next{
		Asked:   asked,
		Leaving: s.restarting,
		Ask: func(ctx context.Context, running handover.Running) (handover.Answer, error) {
			if !handover.Supported {
				return handover.Answer{}, errors.New("a node restarts in place on Linux only; stop it and start it")
			}
			return handover.Ask(ctx, program, cfg.Path, running)
		},
		Become: func(state *handover.State) error { return o.become(ctx, cfg, program, state) },
	}, nil
}

// become executes the program.
func (o startOptions) become(ctx context.Context, cfg *config.Config, program string, state *handover.State) error {
	fd, err := state.Leave()
	if err != nil {
		return err
	}
	args := []string{program, "start", "-f", cfg.Path, "--" + resumeFlag, strconv.Itoa(fd)}
	if o.pidFile != "" {
		args = append(args, "--pid-file", o.pidFile)
	}
	if o.logLevel != "" {
		args = append(args, "--log-level", o.logLevel)
	}
	// Until the next program handles them, the first ones would end it. Who asks for its
	// end gets it.
	signal.Ignore(syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	signal.Reset(syscall.SIGTERM, os.Interrupt)
	if err := ctx.Err(); err != nil {
		return err
	}
	return fmt.Errorf("executing %s: %w", program, syscall.Exec(program, args, os.Environ()))
}
