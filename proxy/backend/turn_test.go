package backend

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// nobody is an address where nothing listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func serverOf(t *testing.T, m *Manager) string {
	t.Helper()
	c := acquire(t, m, plain)
	defer c.Discard()
	return c.Server()
}

func TestOnlyTheActiveServerIsUsed(t *testing.T) {
	needServers(t)
	stopped := mysqld.ForTest(t, mysqld.Options{})
	m := manage(t, Config{}, libraries([]string{stopped.Addr(), second.Addr(), first.Addr()}))
	held := acquire(t, m, plain)
	defer held.Discard()
	if held.Server() != stopped.Addr() {
		t.Fatalf("got %s, want the active server %s", held.Server(), stopped.Addr())
	}
	if err := stopped.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, known := range []string{"while its end is news", "found dead"} {
		c, err := m.Acquire(t.Context(), 1, plain)
		var unavailable *UnavailableError
		if !errors.As(err, &unavailable) || unavailable.Server != stopped.Addr() {
			t.Fatalf("%s: %v, %v", known, c, err)
		}
		eventually(t, "found dead", func() bool { return foundDead(m, stopped.Addr()) })
	}
	if held.Alive() {
		t.Error("the connection to the killed server passes for alive")
	}
	if err := stopped.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := serverOf(t, m); got != stopped.Addr() {
		t.Errorf("got %s", got)
	}
}

func TestActiveServerNeedNotBeTheFirst(t *testing.T) {
	needServers(t)
	set := libraries([]string{first.Addr(), second.Addr()})
	set.ByID(1).Active = second.Addr()
	m := manage(t, Config{}, set)
	if got := serverOf(t, m); got != second.Addr() {
		t.Errorf("got %s", got)
	}
}

func TestUnavailableNamesServerAndReason(t *testing.T) {
	needServers(t)
	m := manage(t, Config{}, libraries([]string{first.Addr()}))
	wrong := settings()
	wrong.Password = "hush-hush"
	m.Update(libraries([]string{first.Addr()}), wrong)

	_, err := m.Acquire(t.Context(), 1, plain)
	var unavailable *UnavailableError
	var refused *RefusedError
	if !errors.As(err, &unavailable) {
		t.Fatal(err)
	}
	if !errors.As(err, &refused) || !refused.Authentication() || refused.Server != first.Addr() {
		t.Errorf("the refused account is not told: %v", err)
	}
	for _, want := range []string{"library_1", first.Addr(), "1045"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "hush-hush") {
		t.Errorf("the password is in the error: %v", err)
	}
}

func TestServerThatRefusesOnlyThisRequestIsWell(t *testing.T) {
	needServers(t)
	m := manage(t, Config{}, mayFailOver(first.Addr(), second.Addr()))
	missing := plain
	missing.Database = "no_such_database"
	_, err := m.Acquire(t.Context(), 1, missing)
	var refused *RefusedError
	var unavailable *UnavailableError
	if !errors.As(err, &refused) || refused.Code != codeUnknownDatabase || errors.As(err, &unavailable) {
		t.Errorf("%v", err)
	}
	if h := healthOf(m, first.Addr()); !h.Healthy || h.LastError != "" {
		t.Errorf("the server's health suffers from it: %+v", h)
	}
}

func TestUnknownLibrary(t *testing.T) {
	m := manage(t, Config{WaitTimeout: 10 * time.Millisecond}, libraries())
	if _, err := m.Acquire(t.Context(), fsm.LibraryID(7), plain); !errors.Is(err, ErrUnknownLibrary) {
		t.Error(err)
	}
}

func TestLibraryOfWhichTheManagerIsToldLate(t *testing.T) {
	needServers(t)
	m := manage(t, Config{WaitTimeout: patience}, libraries())
	acquired := make(chan error, 1)
	go func() {
		c, err := m.Acquire(t.Context(), 1, plain)
		if err == nil {
			c.Release()
		}
		acquired <- err
	}()
	select {
	case err := <-acquired:
		t.Fatalf("before the manager was told: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	m.Update(libraries([]string{first.Addr()}), settings())
	if err := <-acquired; err != nil {
		t.Error(err)
	}
}

// A machine that swallows packets, or a server that hangs, must not hold up the
// caller for longer than it allows.
func TestServerThatNeverAnswers(t *testing.T) {
	needServers(t)
	hole := blackHole(t)
	for name, test := range map[string]struct {
		dial time.Duration
		ctx  time.Duration
	}{
		"the caller's time runs out": {dial: patience, ctx: 50 * time.Millisecond},
		"the server's time runs out": {dial: 50 * time.Millisecond, ctx: patience},
	} {
		t.Run(name, func(t *testing.T) {
			m := manage(t, Config{DialTimeout: test.dial, ProbeTimeout: patience}, libraries([]string{hole, first.Addr()}))
			ctx, cancel := context.WithTimeout(t.Context(), test.ctx)
			defer cancel()
			began := time.Now()
			_, err := m.Acquire(ctx, 1, plain)
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > patience/2 {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		})
	}
}

// blackHole is the address of a listener that accepts and never says a word.
func blackHole(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}
