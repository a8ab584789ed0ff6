package proxy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mysqlda/mysqlda/proxy"
)

func TestSlowStatementsAreLoggedWithoutTheirValues(t *testing.T) {
	t.Parallel()
	core, lines := observer.New(zap.WarnLevel)
	registry := prometheus.NewRegistry()
	n := start(t, func(_ *directory, cfg *proxy.Config) {
		cfg.Logger, cfg.Registerer, cfg.SlowStatement = zap.New(core), registry, 300*time.Millisecond
	})
	c := n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table slow (a int, b varchar(100))")
	slow := func() []observer.LoggedEntry { return lines.FilterMessage("slow statement").All() }
	before := len(slow()) // what took long only because the machine is busy

	exec(t, c, "/* mysqlda core=a1 */ insert into slow select sleep(0.4), 'Smith-4711' -- 4711")
	eventually(t, "the statement is logged", func() bool { return len(slow()) > before })
	got := slow()[before]
	fields := got.ContextMap()
	for name, want := range map[string]any{
		"library": "library_1", "server": servers[0].Addr(), "user": user, "affected_rows": uint64(1),
		"digest": "insert into slow select sleep(?), ?",
	} {
		if fmt.Sprint(fields[name]) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %v", name, fields[name], want)
		}
	}
	if took := fields["took"].(time.Duration); took < 400*time.Millisecond || got.LoggerName != "slow" {
		t.Errorf("took %v; %+v", took, got)
	}

	before = len(slow())
	exec(t, c, "select sleep(?), ?", 0.4, "Smith-4711") // prepared
	eventually(t, "the prepared statement is logged", func() bool { return len(slow()) > before })
	got = slow()[len(slow())-1]
	if digest := got.ContextMap()["digest"]; fmt.Sprint(digest) != "select sleep(?), ?" {
		t.Errorf("digest %v", digest)
	}
	for _, entry := range lines.All() {
		if text := fmt.Sprint(entry.Message, entry.ContextMap()); strings.Contains(text, "Smith") || strings.Contains(text, "4711") {
			t.Errorf("a value is logged: %s", text)
		}
	}
	if got := series(t, registry)["mysqlda_slow_statements_total{library=library_1}"]; got != float64(len(slow())) {
		t.Errorf("%v were counted, %d logged", got, len(slow()))
	}
}

// Without its quotes a value looks like a name.
func TestTheSlowLogHasNoTextThatNoServerHasExecuted(t *testing.T) {
	t.Parallel()
	core, lines := observer.New(zap.WarnLevel)
	n := start(t, func(_ *directory, cfg *proxy.Config) {
		cfg.Logger, cfg.SlowStatement = zap.New(core), time.Nanosecond
	})
	c := n.open(t)
	exec(t, c, "select library a1")
	execError(t, c, 1054, "do Smith")
	var got observer.LoggedEntry
	eventually(t, "the statement is logged", func() bool {
		failed := lines.FilterMessage("slow statement").FilterField(zap.Uint16("error", 1054)).All()
		if len(failed) > 0 {
			got = failed[0]
		}
		return len(failed) > 0
	})
	if digest := got.ContextMap()["digest"]; digest != "(texts that no server has executed yet)" {
		t.Errorf("digest %v", digest)
	}
}

func TestNothingIsLoggedAsSlowUnlessAsked(t *testing.T) {
	t.Parallel()
	core, lines := observer.New(zap.DebugLevel)
	n := start(t, func(_ *directory, cfg *proxy.Config) { cfg.Logger = zap.New(core) })
	c := n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "do sleep(0.1)")
	exec(t, c, "do 1") // the one before has been counted
	if slow := lines.FilterMessage("slow statement").All(); len(slow) != 0 {
		t.Errorf("got %v", slow)
	}
}
