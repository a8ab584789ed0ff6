package proxy_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

// stressFor is how long sessions do everything at once. Longer runs find more.
const stressFor = 8 * time.Second

// waitForever begins a statement that waits for what is never given back. SLEEP()
// would do, but all SLEEP()s of a MariaDB share one mutex, and a KILL waits for
// seconds when many of them are killed.
const waitForever = "do get_lock('held', "

// stressLimit is how many sessions a library and a user may have.
const stressLimit = 600

// TestSessionsThatDoEverythingAtOnceLeaveNothing runs sessions that connect, ask,
// are killed, vanish, are parked, change libraries and users, all at the same
// time. No answer may be another's, and nothing may be left in the end.
func TestSessionsThatDoEverythingAtOnceLeaveNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes", stressFor)
	}
	cert := selfMade(t)
	n := start(t, parkSoon, func(_ *directory, c *proxy.Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		c.MaxSessionsPerLibrary, c.MaxSessionsPerUser = stressLimit, stressLimit
		c.Backends = backend.New(backend.Config{MaxPerServer: 60, Logger: c.Logger, Registerer: prometheus.NewRegistry()})
	})
	setup := n.raw(t)
	for _, core := range []string{"a1", "a2"} {
		setup.query(t, "select library "+core)
		setup.query(t, "create or replace table stressed (id int auto_increment primary key, v bigint)")
	}
	if err := setup.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the session has ended", func() bool { return len(n.Sessions()) == 0 })
	for _, server := range servers {
		holder, err := direct(t, server).Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		exec(t, holder, "do get_lock('held', 0)")
		defer holder.Close()
	}
	goroutines := runtime.NumGoroutine()

	ctx, cancel := context.WithTimeout(t.Context(), stressFor)
	defer cancel()
	var all sync.WaitGroup
	var turns atomic.Int64
	for i := range 200 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for ctx.Err() == nil {
				s := &stressed{t: t, n: n, random: random, mark: int64(i)<<32 | random.Int64N(1<<30)}
				s.live(ctx)
				turns.Add(int64(s.turns))
			}
		})
	}
	all.Wait()
	t.Logf("%d turns", turns.Load())

	eventually(t, "all sessions have ended", func() bool { return len(n.Sessions()) == 0 })
	eventually(t, "no backend connection is in use", func() bool {
		for _, p := range n.backends.Pools() {
			if p.InUse+p.Resetting+p.Waiting > 0 {
				return false
			}
		}
		return true
	})
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines+5 })
	for i := range servers {
		eventually(t, "no statement runs on a server", func() bool { return running(t, i, waitForever) == 0 })
	}
	wantRoom(t, n)
}

// wantRoom checks that all sessions which were counted are counted no more.
func wantRoom(t *testing.T, n *node) {
	t.Helper()
	for range stressLimit {
		n.raw(t).query(t, "select library a1")
	}
}

// stressed is one session of the stress.
type stressed struct {
	t      *testing.T
	n      *node
	random *rand.Rand
	mark   int64 // nobody else's
	turns  int
	c      *mysqlclient.Conn
	core   string
}

// live connects, does some things, and leaves in one way or another.
func (s *stressed) live(ctx context.Context) {
	var options []mysqlclient.Option
	switch s.random.IntN(8) {
	case 0:
		options = append(options, func(c *mysqlclient.Conn) error { c.UseSSL(true); return nil })
	case 1:
		options = append(options, func(c *mysqlclient.Conn) error { return c.SetCapability(mysql.CLIENT_COMPRESS) })
	}
	db := []string{"", database, "mysql"}[s.random.IntN(3)]
	c, err := mysqlclient.Connect(s.n.addr, user, password, db, options...)
	if err != nil {
		s.t.Errorf("connect: %v", err)
		return
	}
	s.c = c
	defer c.Close()
	if err := c.Conn.Conn.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		s.t.Error(err)
		return
	}
	if !s.enter() {
		return
	}
	for ctx.Err() == nil && s.random.IntN(20) > 0 {
		s.turns++
		if !s.act() {
			return
		}
	}
	s.leave()
}

func (s *stressed) enter() bool {
	s.core = []string{"a1", "b1", "a2", "b2"}[s.random.IntN(4)]
	return s.do("select library " + s.core)
}

// do executes a statement; it says whether that was done.
func (s *stressed) do(sql string) bool {
	_, err := s.c.Execute(sql)
	return s.survived(sql, err)
}

// survived says whether something was done. Another session may kill this one, or
// its statement; then there is nothing more to check here.
func (s *stressed) survived(what string, err error) bool {
	var e *mysql.MyError
	switch {
	case err == nil:
		return true
	case !errors.As(err, &e):
		return false // it was killed
	}
	switch e.Code {
	case 1317, 1927, 9512, 9513, 9514, 9515, 9525:
		return false
	}
	s.t.Errorf("%s: %v", what, err)
	return false
}

// same checks an answer that only this session can get.
func (s *stressed) same(sql string, want int64) bool {
	r, err := s.c.Execute(sql)
	if err != nil {
		return s.survived(sql, err)
	}
	got, err := r.GetInt(0, 0)
	if err != nil || got != want {
		s.t.Errorf("%s: got %d, %v; want %d", sql, got, err, want)
		return false
	}
	return true
}

func (s *stressed) act() bool {
	s.mark++
	switch s.random.IntN(13) {
	case 0:
		return s.enter()
	case 1:
		return s.same(fmt.Sprintf("/* mysqlda core=%s */ select %d from dual", s.core, s.mark), s.mark)
	case 2:
		return s.do(fmt.Sprintf("set @mark = %d", s.mark)) && s.same("select @mark from dual", s.mark)
	case 3:
		return s.do("begin") && s.do(fmt.Sprintf("insert into %s.stressed (v) values (%d)", database, s.mark)) &&
			s.same(fmt.Sprintf("select v from %s.stressed where id = last_insert_id()", database), s.mark) && s.do("rollback")
	case 4:
		r, err := s.c.Execute(fmt.Sprintf("insert into %s.stressed (v) values (%d)", database, s.mark))
		if err != nil {
			return s.survived("insert", err)
		}
		s.pause()
		return s.same("select last_insert_id() from dual", int64(r.InsertId))
	case 5:
		st, err := s.c.Prepare("select ? + 0 from dual")
		if err != nil {
			return s.survived("prepare", err)
		}
		s.pause()
		r, err := st.Execute(s.mark)
		if err != nil {
			return s.survived("execute", err)
		}
		if got, err := r.GetInt(0, 0); err != nil || got != s.mark {
			s.t.Errorf("prepared: got %d, %v; want %d", got, err, s.mark)
		}
		return s.survived("close", st.Close())
	case 6:
		return s.do("create temporary table t1 (a int)") && s.do("insert into t1 values (1)") && s.do("drop temporary table t1")
	case 7:
		s.pause()
		return s.same(fmt.Sprintf("select %d from dual", s.mark), s.mark)
	case 8:
		var ids []uint32
		for _, other := range s.n.Sessions() {
			ids = append(ids, other.ID)
		}
		if len(ids) == 0 {
			return true
		}
		verb := []string{"kill", "kill query"}[s.random.IntN(2)]
		_, err := s.c.Execute(fmt.Sprintf("%s %d", verb, ids[s.random.IntN(len(ids))]))
		var e *mysql.MyError
		if errors.As(err, &e) && e.Code == 9522 {
			return true // it has gone meanwhile
		}
		return s.survived(verb, err)
	case 9:
		if err := s.c.Ping(); err != nil {
			return s.survived("ping", err)
		}
		return s.enter()
	case 10:
		r, err := s.c.Execute("select repeat('x', 100000), " + fmt.Sprint(s.mark) + " from dual")
		if err != nil {
			return s.survived("large", err)
		}
		if got, err := r.GetInt(0, 1); err != nil || got != s.mark {
			s.t.Errorf("large: got %d, %v; want %d", got, err, s.mark)
		}
		return true
	case 11:
		return s.do("set time_zone = '+03:00'") && s.enter() && s.same("select @@time_zone = '+03:00' from dual", 1)
	default:
		s.c.ResetSequence()
		if err := s.c.WritePacket(append(make([]byte, 4), 0x1f)); err != nil {
			return false
		}
		if answer, err := s.c.ReadPacket(); err != nil || answer[0] != 0 {
			return false
		}
		return s.same("select connection_id()", int64(s.c.GetConnectionID())) && s.enter() &&
			s.same("select @mark is null from dual", 1)
	}
}

// pause lets the session be parked, or not.
func (s *stressed) pause() { <-time.After(time.Duration(s.random.IntN(60)) * time.Millisecond) }

// leave ends the session in one of the ways in which clients go.
func (s *stressed) leave() {
	socket := s.c.Conn.Conn
	statement := fmt.Sprintf("%s%d)", waitForever, 50+s.random.IntN(10))
	switch s.random.IntN(5) {
	case 0:
		_ = s.c.Quit()
	case 1: // in the middle of a statement
		s.c.ResetSequence()
		_ = s.c.WritePacket(append(append(make([]byte, 4), 0x03), statement...))
	case 2: // in the middle of a packet
		_, _ = socket.Write([]byte{200, 0, 0, 0, 3, 's'})
	case 3: // without a word
		if tcp, ok := socket.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	case 4: // in the middle of a transaction
		_, _ = s.c.Execute("begin")
		_, _ = s.c.Execute(fmt.Sprintf("insert into %s.stressed (v) values (0)", database))
	}
}
