package daemon

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// resumePatience is how long clients of the process before wait for this one to be ready,
// from when its data is open. Then they are told that the node stops, and new ones that it
// is not ready.
const resumePatience = 30 * time.Second

// letIn accepts clients: at once, and those who come get an error until the node is ready;
// or, where they are used to being served, when it is.
func (d *daemon) letIn(ctx context.Context) {
	if d.options.Before == nil {
		d.serveClients()
		return
	}
	d.life.patience = time.AfterFunc(resumePatience, func() {
		if ctx.Err() == nil {
			d.logger.Warn("not ready in time: sessions of the process before are ended", zap.Duration("patience", resumePatience))
			d.resume()
		}
	})
	d.closers = append(d.closers, func() error {
		d.life.patience.Stop()
		return nil
	})
}

func (d *daemon) serveClients() {
	server := d.proxy.Load()
	for _, l := range d.sockets.clients {
		d.run(func() error { return server.Serve(l) })
	}
}

// resume goes on with what the process before has left, once.
func (d *daemon) resume() {
	before := d.options.Before
	if before == nil {
		return
	}
	d.life.resumed.Do(func() {
		d.life.patience.Stop()
		sessions := d.proxy.Load().Resume(before.Sessions)
		d.serveClients()
		last := admin.Takeover{
			From: before.From, Sessions: sessions, Ended: before.Ended,
			WaitedMillis: time.Since(before.Since).Milliseconds(), TookMillis: time.Since(before.Asked).Milliseconds(),
		}
		d.life.last.Store(&last)
		d.logger.Info("has taken over from the process before", zap.String("from", last.From), zap.Int("sessions", last.Sessions),
			zap.Any("ended", last.Ended), zap.Int64("clients_waited_ms", last.WaitedMillis), zap.Int64("took_ms", last.TookMillis))
	})
}
