// Package systemd speaks with a service manager as systemd's: it tells how the process is
// (sd_notify), and finds the sockets that it was started with (socket activation). It needs
// nothing of systemd, and does nothing where the environment names no service manager.
//
// It knows nothing of nodes; package main, which uses it, does.
package systemd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// sendTimeout bounds one message; the service manager reads at once.
const sendTimeout = time.Second

// Notifier tells the service manager how the process is. It may be used from any
// goroutine; nil tells nobody.
type Notifier struct {
	address  string
	watchdog time.Duration // 0: none is asked for
}

// NewNotifier makes the Notifier that the environment asks for, nil for none.
func NewNotifier(getenv func(string) string) (*Notifier, error) {
	address := getenv("NOTIFY_SOCKET")
	if address == "" {
		return nil, nil
	}
	if !strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "@") {
		return nil, fmt.Errorf("NOTIFY_SOCKET is %q, which is neither a path nor an abstract name", address)
	}
	n := &Notifier{address: address}
	if text := getenv("WATCHDOG_USEC"); text != "" {
		usec, err := strconv.ParseInt(text, 10, 63)
		if err != nil || usec <= 0 {
			return nil, fmt.Errorf("WATCHDOG_USEC is %q, which is no number of microseconds", text)
		}
		if pid := getenv("WATCHDOG_PID"); pid == "" || pid == strconv.Itoa(os.Getpid()) {
			n.watchdog = time.Duration(usec) * time.Microsecond
		}
	}
	return n, nil
}

// Ready says that clients are served.
func (n *Notifier) Ready(status string) error { return n.send("READY=1", "STATUS="+status) }

// Stopping says that the process is on its way out.
func (n *Notifier) Stopping() error { return n.send("STOPPING=1", "STATUS=stopping") }

// Reloading says that the process is on its way to Ready again.
func (n *Notifier) Reloading(status string) error {
	now, err := monotonic()
	if err != nil {
		return err
	}
	return n.send("RELOADING=1", "MONOTONIC_USEC="+strconv.FormatInt(now.Microseconds(), 10), "STATUS="+status)
}

// Status is a line for people.
func (n *Notifier) Status(status string) error { return n.send("STATUS=" + status) }

// Alive says again and again that the process is alive, if that is asked for, until ctx
// ends. The first message that fails ends it, with its error.
func (n *Notifier) Alive(ctx context.Context) error {
	if n == nil || n.watchdog == 0 {
		return nil
	}
	tick := time.NewTicker(n.watchdog / 2)
	defer tick.Stop()
	for {
		if err := n.send("WATCHDOG=1"); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (n *Notifier) send(lines ...string) error {
	if n == nil {
		return nil
	}
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ") // a line each
	}
	conn, err := net.DialTimeout("unixgram", n.address, sendTimeout)
	if err != nil {
		return fmt.Errorf("telling the service manager: %w", err)
	}
	err = conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	if err == nil {
		_, err = conn.Write([]byte(strings.Join(lines, "\n")))
	}
	if err := errors.Join(err, conn.Close()); err != nil {
		return fmt.Errorf("telling the service manager: %w", err)
	}
	return nil
}
