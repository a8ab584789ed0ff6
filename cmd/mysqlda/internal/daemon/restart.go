package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/handover"
	"github.com/mysqlda/mysqlda/proxy"
)

// yieldTimeout bounds handing leadership over before a restart.
const yieldTimeout = 5 * time.Second

// errRestart ends a node that goes on as the next process.
var errRestart = errors.New("the node restarts")

// Next is how a node restarts in place. Without Ask it does not.
type Next struct {
	// Ask asks the program that shall go on whether it can.
	Ask func(ctx context.Context, running handover.Running) (handover.Answer, error)
	// Become makes this process the next one. It returns only if that fails. Everything is
	// closed by then but what the state names.
	Become func(state *handover.State) error
	// Asked, unless nil, tells of requests other than those of the API.
	Asked <-chan os.Signal
	// Leaving is called when nothing holds the restart up any more, unless it is nil.
	Leaving func()
}

// life is what is known of the process, and of the one before.
type life struct {
	born     time.Time
	patience *time.Timer // ends waiting for resume
	resumed  sync.Once
	last     atomic.Pointer[admin.Takeover]

	restarting atomic.Bool
	state      *handover.State // for the next process; written before errRestart is told
}

// Process implements admin.Life.
func (d *daemon) Process() admin.Process {
	p := admin.Process{
		PID: os.Getpid(), Version: d.options.Version, Started: d.life.born,
		Restarting: d.life.restarting.Load(), Last: d.life.last.Load(),
	}
	switch reason := d.Ready(); {
	case reason != nil:
		p.NotReady = reason.Error()
	case d.options.Before != nil && p.Last == nil:
		p.NotReady = "the sessions of the process before are being taken over"
	}
	return p
}

// Restart implements admin.Life.
func (d *daemon) Restart(ctx context.Context) (admin.Restart, error) {
	if d.options.Next.Ask == nil {
		return admin.Restart{}, fmt.Errorf("%w: this node cannot restart in place; stop it and start it", admin.ErrBadRequest)
	}
	node, err := d.running()
	if err != nil {
		return admin.Restart{}, err
	}
	if d.proxy.Load() == nil {
		return admin.Restart{}, fmt.Errorf("%w yet: it is opening its data", admin.ErrNotRunning)
	}
	if !d.life.restarting.CompareAndSwap(false, true) {
		return admin.Restart{}, fmt.Errorf("%w: the node is restarting already", admin.ErrConflict)
	}
	asked := time.Now()
	answer, err := d.options.Next.Ask(ctx, handover.Running{Node: node.ID(), DataDir: d.cfg.Node.DataDir, Listen: d.addresses()})
	if err != nil {
		d.life.restarting.Store(false)
		return admin.Restart{}, fmt.Errorf("%w: nothing was changed: %w", admin.ErrConflict, err)
	}
	d.logger.Info("restarting in place", zap.String("from", d.options.Version), zap.String("to", answer.Version),
		zap.Duration("restart_drain", d.cfg.Server.RestartDrain))
	d.run(func() error { return d.handOver(asked, answer) })
	return admin.Restart{Version: answer.Version, Started: d.life.born, HTTP: answer.HTTP}, nil
}

// restartWhenAsked is Restart for those who get no answer.
func (d *daemon) restartWhenAsked(ctx context.Context) error {
	for {
		select {
		case s := <-d.options.Next.Asked:
			if _, err := d.Restart(ctx); err != nil {
				d.logger.Error("the node does not restart", zap.Stringer("signal", s), zap.Error(err))
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// handOver brings the node to where the next process can go on. Its error ends the node.
func (d *daemon) handOver(asked time.Time, answer handover.Answer) error {
	if leaving := d.options.Next.Leaving; leaving != nil {
		leaving()
	}
	ctx, cancel := context.WithTimeout(d.ctx, yieldTimeout)
	d.cluster.Load().Yield(ctx)
	cancel()
	held, err := d.hold()
	if err == nil {
		d.life.state = &handover.State{Version: handover.Version, Sockets: held, From: d.options.Version, Asked: asked, Since: time.Now()}
		err = d.handSessionsOver(answer)
	}
	if err != nil {
		d.life.state = nil
		for _, socket := range held {
			err = errors.Join(err, socket.Release())
		}
		if d.ctx.Err() != nil {
			return nil // it stops, which counts more
		}
		return fmt.Errorf("handing over to the next process: %w", err)
	}
	return errRestart
}

// handSessionsOver has the sessions come to rest, or end if the next process would not
// understand what is said of them.
func (d *daemon) handSessionsOver(answer handover.Answer) error {
	server, state := d.proxy.Load(), d.life.state
	if answer.Sessions == proxy.ImageVersion {
		left, err := server.HandOver(d.ctx, d.cfg.Server.RestartDrain)
		state.Sessions, state.Ended, state.Since = left.Moved, left.Ended, left.Since
		return err
	}
	sessions := len(server.Sessions())
	d.logger.Warn("sessions end: the next process is of a release that cannot go on with them", zap.Int("sessions", sessions))
	ctx, cancel := context.WithTimeout(d.ctx, d.cfg.Server.RestartDrain)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		d.logger.Warn("sessions were cut off", zap.Error(err))
	}
	if sessions > 0 {
		state.Ended = map[string]int{"were of another release": sessions}
	}
	return d.ctx.Err()
}

// goOn makes this process the next one if it was closed for that and nothing went wrong,
// and nobody has asked for its end meanwhile.
func (d *daemon) goOn(asked context.Context, err error) error {
	if err != nil || d.life.state == nil || asked.Err() != nil {
		return err
	}
	return fmt.Errorf("going on as the next process: %w", d.options.Next.Become(d.life.state))
}
