package lease

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mysqlda/mysqlda/fsm"
)

// leader is whom a keeper asks in a test.
type leader struct {
	mu     sync.Mutex
	id     string
	reign  context.Context
	end    context.CancelFunc
	answer func(ctx context.Context, k *Keeper, id string, r Request) error
	keeper *Keeper // who asks
}

func (l *leader) Current() (id string, reign context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id, l.reign
}

func (l *leader) Ask(ctx context.Context, id string, r Request) error {
	return l.answer(ctx, l.keeper, id, r)
}

// becomes has another one lead.
func (l *leader) becomes(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end != nil {
		l.end()
	}
	l.id = id
	l.reign, l.end = context.WithCancel(context.Background())
}

// running has a keeper ask a leader until the test's end. Its clock is that of the
// bubble.
func running(t *testing.T, l *log, asked *leader) (k *Keeper, logs *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	began := time.Now()
	k = newTestKeeper(t, l, 1, func() time.Duration { return time.Hour + time.Since(began) }, zap.New(core))
	k.Serve()
	asked.keeper = k
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.Run(ctx, asked)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		asked.becomes("")
		asked.end()
	})
	return k, logs
}

func TestALeaseIsRenewedEveryRoundAndNeverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := founded(t, fsm.FailoverOrdered, self)
		var urgent, calm int
		asked := &leader{answer: func(_ context.Context, k *Keeper, id string, r Request) error {
			if id != "n2" {
				t.Errorf("%s was asked", id)
			}
			if r.Urgent {
				urgent++
			} else {
				calm++
			}
			grant(l, k, r.Lease)
			return nil
		}}
		asked.becomes("n2")
		k, logs := running(t, l, asked)
		synctest.Wait()
		for range 600 {
			if !k.Holds() {
				t.Fatal("it has no lease")
			}
			time.Sleep(fsm.DefaultLease / 60)
		}
		synctest.Wait()
		// A little more than one a round: a request precedes its entry.
		if urgent != 1 || calm < 60 || calm > 70 {
			t.Errorf("%d urgent and %d other requests in ten leases", urgent, calm)
		}
		if s := k.Status(); s.Losses != 0 || s.Remaining < fsm.DefaultLease*4/5 {
			t.Errorf("status %+v", s)
		}
		if logs.Len() != 0 {
			t.Errorf("told: %v", logs.All())
		}
	})
}

func TestTheLossOfALeaseIsToldOnceAndSoIsItsReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := founded(t, fsm.FailoverOrdered, self)
		var cut atomic.Bool
		var last atomic.Int64 // when it was asked, ns
		asked := &leader{answer: func(_ context.Context, k *Keeper, _ string, r Request) error {
			if cut.Load() {
				return errors.New("no route to host")
			}
			last.Store(time.Now().UnixNano())
			grant(l, k, r.Lease)
			return nil
		}}
		asked.becomes("n2")
		k, logs := running(t, l, asked)
		time.Sleep(time.Minute)
		synctest.Wait()
		cut.Store(true)
		time.Sleep(time.Until(time.Unix(0, last.Load()).Add(fsm.DefaultLease - 1)))
		if !k.Holds() {
			t.Error("it ended early")
		}
		time.Sleep(time.Nanosecond)
		if k.Holds() {
			t.Error("it outlives the last request")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := k.Status(); s.Held || s.Losses != 1 || s.Without != time.Minute {
			t.Errorf("status %+v", s)
		}
		waiting := k.Renewed()
		cut.Store(false)
		<-waiting
		if !k.Holds() {
			t.Error("renewed, and it has no lease")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		var told []string
		for _, line := range logs.All() {
			told = append(told, line.Level.String()+" "+line.Message)
			if names := line.ContextMap()["libraries"]; !slices.Equal(names.([]any), []any{guarded}) {
				t.Errorf("%s: libraries %v", line.Message, names)
			}
		}
		want := []string{
			"warn this node has no lease: sessions wait that use libraries which may fail over",
			"info this node has a lease again",
		}
		if !slices.Equal(told, want) {
			t.Errorf("told %q", told)
		}
	})
}

func TestANewLeaderIsAskedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := founded(t, fsm.FailoverOrdered, self)
		var ids []string
		asked := &leader{answer: func(_ context.Context, k *Keeper, id string, r Request) error {
			ids = append(ids, id)
			grant(l, k, r.Lease)
			return nil
		}}
		asked.becomes("n2")
		running(t, l, asked)
		synctest.Wait()
		asked.becomes("n3")
		synctest.Wait()
		asked.becomes("")
		time.Sleep(2 * time.Second) // nobody is asked while none leads
		asked.becomes("n2")
		synctest.Wait()
		if !slices.Equal(ids, []string{"n2", "n3", "n2"}) {
			t.Errorf("asked %v", ids)
		}
	})
}

func TestCallsThatDoNotComeBackAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := founded(t, fsm.FailoverOrdered, self)
		var underWay, most, calls int
		var mu sync.Mutex
		var granting *Request
		asked := &leader{answer: func(ctx context.Context, _ *Keeper, _ string, r Request) error {
			mu.Lock()
			calls++
			underWay++
			most = max(most, underWay)
			granting = &r
			mu.Unlock()
			<-ctx.Done()
			mu.Lock()
			defer mu.Unlock()
			underWay--
			return ctx.Err()
		}}
		asked.becomes("n2")
		k, _ := running(t, l, asked)
		time.Sleep(10 * fsm.DefaultLease)
		synctest.Wait()
		if most > 2 || calls < 30 {
			t.Errorf("%d calls, %d at a time", calls, most)
		}
		// The answers got lost, but the leader may have written the requests.
		grant(l, k, granting.Lease)
		if !k.Holds() {
			t.Error("a request whose call was given up does not count")
		}
	})
}
