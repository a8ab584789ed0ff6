package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// killActive kills the active server and waits until writes go on at another one.
func killActive(ctx context.Context, r *run) error {
	return r.breakActive(ctx, r.killServer)
}

// breakActive does something to the active server and waits until writes go on at
// another one.
func (r *run) breakActive(ctx context.Context, do func(*mysqld.Server) error) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	if err := do(active); err != nil {
		return err
	}
	return r.awaitMove(ctx, active)
}

// awaitMove waits until another server is active, and writes go on.
func (r *run) awaitMove(ctx context.Context, from *mysqld.Server) error {
	if err := r.awaitWrites(ctx); err != nil {
		return err
	}
	to, err := r.awaitOther(ctx, from)
	if err == nil {
		r.say("server %s is active", to.Addr())
	}
	return err
}

func pauseActive(ctx context.Context, r *run) error { return r.breakActive(ctx, r.pauseServer) }

func shutDownActive(ctx context.Context, r *run) error {
	return r.breakActive(ctx, func(server *mysqld.Server) error {
		r.note("shut down server %s", server.Addr())
		r.down[server] = true
		return server.Stop(ctx)
	})
}

// muteActive puts something in the place of the active server that accepts
// connections and says nothing.
func muteActive(ctx context.Context, r *run) error {
	return r.breakActive(ctx, func(server *mysqld.Server) error {
		if err := r.killServer(server); err != nil {
			return err
		}
		var mute net.Listener
		err := r.hostOfServer(server).Within(func() (err error) {
			mute, err = net.Listen("tcp", server.Addr())
			return err
		})
		if err != nil {
			return err
		}
		go acceptAll(mute)
		r.onMending(func(context.Context) error { return mute.Close() })
		return nil
	})
}

// acceptAll accepts connections until the listener is closed, and reads what comes.
func acceptAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // closed
		}
		go func() {
			defer c.Close()
			_, _ = io.Copy(io.Discard, c)
		}()
	}
}

// smallDiskBytes has room for a server's data and for some seconds of writes.
const smallDiskBytes = 512 << 20

// fillDisk fills the disk of the first server, which is the active one. Nothing else
// is wrong with it; an operator who sees writes hang moves the library away from it.
func fillDisk(ctx context.Context, r *run) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	ballast := filepath.Join(r.dataOf(r.hostOfServer(active)), "ballast")
	r.note("fill the disk of server %s", active.Addr())
	if err := fill(ballast); err != nil {
		return err
	}
	r.onMending(func(ctx context.Context) error {
		if err := os.Remove(ballast); err != nil || active.Running() {
			return err
		}
		return r.restartServer(ctx, active) // a full disk may have ended it
	})
	if err := r.awaitHanging(ctx); err != nil {
		return err
	}
	if err := r.activate(ctx, r.replicas(active)[0], "--force"); err != nil {
		return err
	}
	return r.awaitMove(ctx, active)
}

// fill writes to a file until nothing fits in any more.
func fill(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	for _, size := range []int{1 << 20, 1} { // to the last byte
		for block := make([]byte, size); err == nil; {
			_, err = f.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return errors.Join(err, f.Close())
		}
		err = nil
	}
	return f.Close()
}

// hangingTime is after how long without a write the operator of fillDisk acts.
const hangingTime = 5 * time.Second

// awaitHanging waits until no write has been acknowledged through any node for a while.
func (r *run) awaitHanging(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writesTimeout)
	defer cancel()
	for {
		var last time.Time
		for _, n := range r.cluster.Nodes {
			if acked := r.load.lastAcked(moving, n.ID); acked.After(last) {
				last = acked
			}
		}
		if time.Since(last) > hangingTime {
			return nil
		}
		if err := r.pass(ctx, hangingTime-time.Since(last)+time.Millisecond); err != nil {
			return fmt.Errorf("writes do not hang: %w", err)
		}
	}
}

const (
	flaps = 4
	// flapDown is how long a server is down each time, at most.
	flapDown = 4 * time.Second
)

// flap kills whichever server is active, again and again, and starts it again after a
// while.
func flap(ctx context.Context, r *run) error {
	for range flaps {
		active, err := r.active(ctx)
		if err != nil {
			return err
		}
		if err := r.killServer(active); err != nil {
			return err
		}
		if err := r.pass(ctx, time.Duration(r.random.Int64N(int64(flapDown)))); err != nil {
			return err
		}
		if err := r.restartServer(ctx, active); err != nil {
			return err
		}
		if err := r.awaitWrites(ctx); err != nil {
			return err
		}
	}
	return nil
}

// aloneTime is how long no server answers.
const aloneTime = 5 * time.Second

// freezeReplicas stops the replicas, and kills the active server: there is nothing to
// promote until the replicas go on.
func freezeReplicas(ctx context.Context, r *run) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	replicas := r.replicas(active)
	for _, server := range replicas {
		if err := r.pauseServer(server); err != nil {
			return err
		}
	}
	if err := r.killServer(active); err != nil {
		return err
	}
	if err := r.pass(ctx, aloneTime); err != nil {
		return err
	}
	for _, server := range replicas {
		if err := r.resumeServer(server); err != nil {
			return err
		}
	}
	return r.awaitMove(ctx, active)
}

// blackOut kills all servers, and starts the one that was active before the others. A
// replica that dies forgets what it has acknowledged and not executed, so only that
// server has everything.
func blackOut(ctx context.Context, r *run) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	for _, server := range r.servers {
		if err := r.killServer(server); err != nil {
			return err
		}
	}
	if err := r.pass(ctx, aloneTime); err != nil {
		return err
	}
	if err := r.restartServer(ctx, active); err != nil {
		return err
	}
	if _, err := r.awaitStatus(ctx, "server "+active.Addr()+" is active again", func(l cluster.LibraryStatus) error {
		if l.Active != active.Addr() || l.Switch != nil {
			return fmt.Errorf("the active server is %q, the switch is %+v", l.Active, l.Switch)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, server := range r.replicas(active) {
		if err := r.restartServer(ctx, server); err != nil {
			return err
		}
	}
	return r.awaitWrites(ctx)
}

// restartReplicas kills each replica and starts it again, waits until all is whole, and
// kills the active server.
func restartReplicas(ctx context.Context, r *run) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	for _, server := range r.replicas(active) {
		if err := r.killServer(server); err != nil {
			return err
		}
		if err := r.restartServer(ctx, server); err != nil {
			return err
		}
		if err := r.awaitWhole(ctx); err != nil {
			return err
		}
		if err := awaitRows(ctx, server, active); err != nil {
			return err
		}
	}
	return killActive(ctx, r)
}
