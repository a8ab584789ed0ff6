package main

import (
	"os"
	"os/signal"
	"syscall"

	"go.uber.org/zap"
)

// keepRunningOnReloadSignals answers the signals that make other servers read
// their config again with a line of the log: SIGUSR1, which does so in the
// original program, and SIGHUP, which would end the process. It returns a
// function that ends this.
func keepRunningOnReloadSignals(logger *zap.Logger) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range signals {
			logger.Warn("this signal changes nothing: `mysqlda reload -f FILE` brings the forwards of a config file to the cluster",
				zap.String("signal", s.String()))
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-done
	}
}
