package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/credentials"
)

const (
	// reloadTimeout bounds all that one signal causes; changes of active servers
	// take longest.
	reloadTimeout = 5 * time.Minute
	// reloadAttempts and reloadPause are for nodes that got the signal at the same
	// time: one of them is first, and what is left for the others is compared anew,
	// also after the change of an active server that the first one has begun.
	reloadAttempts = 60
	reloadPause    = time.Second
)

// reloadOnSignals brings the node's config file to its cluster, as `mysqlda reload`
// does, whenever the process gets SIGUSR1, which makes the original program read its
// file again, or SIGHUP. What comes of it is logged; nothing of it ends the process.
// Signals that come meanwhile count as one. It returns a function that ends this, and
// waits.
func reloadOnSignals(cfg *config.Config, logger *zap.Logger) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range signals {
			logger := logger.With(zap.String("signal", s.String()))
			shown, err := credentials.Of(cfg, credentials.Files{}) // as the files are now
			if err != nil {
				logger.Error("reload failed: this node cannot ask itself", zap.Error(err))
				continue
			}
			reloadOwnFile(ctx, admin.NewClient(config.Dialable(cfg.HTTP.Listen), shown).As("mysqlda at "+s.String()), cfg.Path, logger)
		}
	}()
	return func() {
		signal.Stop(signals)
		cancel()
		close(signals)
		<-done
	}
}

// reloadOwnFile tries again while another node is quicker.
func reloadOwnFile(ctx context.Context, client *admin.Client, file string, logger *zap.Logger) {
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	logger.Info("reloading the config file", zap.String("config", file))
	said := make(map[string]bool) // other attempts repeat much of it
	say := func(line ...any) {
		if text := fmt.Sprint(line...); !said[text] {
			said[text] = true
			logger.Info("reload: " + text)
		}
	}
	var err error
	for attempt := range reloadAttempts {
		if attempt > 0 {
			say("trying again: ", err)
			select {
			case <-time.After(reloadPause):
			case <-ctx.Done():
			}
		}
		cfg, loadErr := loadForwards(file)
		if err = loadErr; err != nil {
			break
		}
		_, err = applying{client: client, say: say}.run(ctx, cfg, file)
		if err == nil || ctx.Err() != nil || !worthAnotherTry(err) {
			break
		}
	}
	switch {
	case ctx.Err() != nil && err != nil:
		logger.Warn("reload: broken off; what it has said is done, is done", zap.Error(err))
	case err != nil:
		logger.Error("reload failed; `mysqlda reload -f FILE --dry-run` shows what is different now", zap.Error(err))
	default:
		logger.Info("reload: the cluster is as the config file says")
	}
}

// worthAnotherTry tells whether a reload may have failed because of what somebody
// else does at the same time.
func worthAnotherTry(err error) bool {
	refused := new(admin.RefusedError)
	return !errors.Is(err, errLacksLibraries) &&
		(!errors.As(err, &refused) || refused.StatusCode != http.StatusBadRequest)
}
