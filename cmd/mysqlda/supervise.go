package main

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/systemd"
)

// supervision tells a service manager how the node is. It matters to nobody else, so what
// goes wrong with it is only logged.
type supervision struct {
	manager *systemd.Notifier
	logger  *zap.Logger
	stop    context.CancelFunc
	running sync.WaitGroup
}

// supervise begins to tell; ctx ends when the node is asked to stop.
func supervise(ctx context.Context, manager *systemd.Notifier, logger *zap.Logger) *supervision {
	s := &supervision{manager: manager, logger: logger.Named("systemd")}
	// Also while the node stops, which may take longer than the service manager's patience.
	alive, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.running.Go(func() { s.note(manager.Alive(alive)) })
	s.note(manager.Status("starting"))
	context.AfterFunc(ctx, func() { s.note(manager.Stopping()) })
	return s
}

// ready tells that clients are served.
func (s *supervision) ready(cfg *config.Config) {
	s.note(s.manager.Ready("serves clients at " + cfg.Server.Listen))
}

// restarting tells that the node is on its way to being ready again.
func (s *supervision) restarting() { s.note(s.manager.Reloading("restarting in place")) }

func (s *supervision) end() {
	s.stop()
	s.running.Wait()
}

func (s *supervision) note(err error) {
	if err != nil {
		s.logger.Warn("the service manager was not told", zap.Error(err))
	}
}
