package systemd

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

const patience = 30 * time.Second

// manager receives what a process tells.
func manager(t *testing.T) (path string, next func() string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir may be too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	path = filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return path, func() string {
		t.Helper()
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4096)
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
}

// env makes an environment of names and values.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestTheServiceManagerIsTold(t *testing.T) {
	t.Parallel()
	path, next := manager(t)
	n, err := NewNotifier(env("NOTIFY_SOCKET", path))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tell func() error
		want string
	}{
		{func() error { return n.Status("two\nREADY=1") }, "STATUS=two READY=1"},
		{func() error { return n.Ready("serves") }, "READY=1\nSTATUS=serves"},
		{n.Stopping, "STOPPING=1\nSTATUS=stopping"},
	} {
		if err := c.tell(); err != nil {
			t.Fatal(err)
		}
		if got := next(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if err := n.Reloading("again"); err != nil {
		t.Fatal(err)
	}
	if got := next(); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") || !strings.HasSuffix(got, "\nSTATUS=again") {
		t.Errorf("got %q", got)
	}
	if err := n.Alive(t.Context()); err != nil { // nobody asks for it
		t.Error(err)
	}
}

func TestTheWatchdogIsFedUntilTheEnd(t *testing.T) {
	t.Parallel()
	path, next := manager(t)
	n, err := NewNotifier(env("NOTIFY_SOCKET", path, "WATCHDOG_USEC", "2000", "WATCHDOG_PID", strconv.Itoa(os.Getpid())))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Alive(ctx) }()
	for range 3 {
		if got := next(); got != "WATCHDOG=1" {
			t.Errorf("got %q", got)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	other, err := NewNotifier(env("NOTIFY_SOCKET", path, "WATCHDOG_USEC", "2000", "WATCHDOG_PID", "1"))
	if err != nil || other.watchdog != 0 {
		t.Errorf("another process's watchdog is fed: %+v, %v", other, err)
	}
}

func TestWithoutAServiceManagerNobodyIsTold(t *testing.T) {
	t.Parallel()
	n, err := NewNotifier(env())
	if err != nil || n != nil {
		t.Fatalf("%v, %v", n, err)
	}
	for _, tell := range []func() error{n.Stopping, func() error { return n.Ready("") }, func() error { return n.Alive(t.Context()) }} {
		if err := tell(); err != nil {
			t.Error(err)
		}
	}
}

func TestNonsenseOfTheServiceManagerIsRefused(t *testing.T) {
	t.Parallel()
	for _, e := range []func(string) string{
		env("NOTIFY_SOCKET", "vsock:1"),
		env("NOTIFY_SOCKET", "/s", "WATCHDOG_USEC", "soon"),
		env("NOTIFY_SOCKET", "/s", "WATCHDOG_USEC", "0"),
	} {
		if _, err := NewNotifier(e); err == nil {
			t.Error("it was taken")
		}
	}
	n, err := NewNotifier(env("NOTIFY_SOCKET", "/nowhere/at/all"))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Ready(""); err == nil {
		t.Error("nobody was told, and that is no error")
	}
}

func TestSocketsOfTheServiceManager(t *testing.T) {
	t.Parallel()
	me := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		env  func(string) string
		want []Socket
		bad  bool
	}{
		{env: env()},
		{env: env("LISTEN_PID", "1", "LISTEN_FDS", "2")},
		{env: env("LISTEN_PID", me, "LISTEN_FDS", "2", "LISTEN_FDNAMES", "mysql:http"), want: []Socket{{3, "mysql"}, {4, "http"}}},
		{env: env("LISTEN_PID", me, "LISTEN_FDS", "1"), want: []Socket{{3, ""}}},
		{env: env("LISTEN_PID", me, "LISTEN_FDS", "-1"), bad: true},
		{env: env("LISTEN_PID", me, "LISTEN_FDS", "1000000"), bad: true},
		{env: env("LISTEN_PID", me), bad: true},
	} {
		got, err := Sockets(c.env)
		if (err != nil) != c.bad || len(got)+len(c.want) > 0 && !reflect.DeepEqual(got, c.want) {
			t.Errorf("got %+v, %v; want %+v", got, err, c.want)
		}
	}
}
