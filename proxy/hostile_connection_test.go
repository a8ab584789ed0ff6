package proxy_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/fakeserver"
)

func TestBrokenGreetings(t *testing.T) {
	greet := fakeserver.Greet(fakeserver.MySQL8())
	login := fakeserver.ReadLogin()
	for _, c := range []struct {
		name  string
		steps steps
		want  uint16
	}{
		{"an error", steps{fakeserver.RefuseGreeting(1129, "Host is blocked")}, 9511},
		{"too many connections", steps{fakeserver.RefuseGreeting(1040, "Too many connections")}, 9512},
		{"none", steps{fakeserver.HangUp()}, 9511},
		{"garbage", steps{fakeserver.SendRaw([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")), fakeserver.AwaitHangUp()}, 9511},
		{"another protocol", steps{fakeserver.Send([]byte("\x09old")), fakeserver.AwaitHangUp()}, 9511},
		{"an empty packet", steps{fakeserver.Send([]byte{}), fakeserver.AwaitHangUp()}, 9511},
		{"cut short", steps{fakeserver.SendCut([]byte("\x0a8.4.3\x00"), 5), fakeserver.HangUp()}, 9511},
		{"no answer to the login", steps{greet, login, fakeserver.HangUp()}, 9511},
		{"a refused login", steps{greet, login, fakeserver.Refuse()}, 9511},
		{"a plugin that nobody knows", steps{greet, login, fakeserver.Switch("nobodys", nil, nil)}, 9511},
		{"garbage for an answer to the login", steps{greet, login, fakeserver.Send([]byte{77, 1, 2}), fakeserver.AwaitHangUp()}, 9511},
		{"a file is asked for at once", steps{greet, login, fakeserver.Send([]byte("\xfb/etc/passwd")), fakeserver.AwaitHangUp()}, 9511},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkGoroutines(t)
			// The first connections are well: the one that looks after the server's
			// health, and one for a session.
			h := &hostile{fakeLibrary: &fakeLibrary{tb: t, logins: make(map[int]fakeserver.Login)}}
			well := fakeserver.Script{fakeserver.MayHangUp(greet, login, fakeserver.CachingSHA2Fast(password), h.noteLogin, fakeserver.Play(h.play))}
			bad := fakeserver.Script{fakeserver.MayHangUp(c.steps...)}
			h.Server = fakeserver.Start(t, fakeserver.Options{}, well, well, bad)
			h.node = start(t, serves(h.fakeLibrary))
			h.bystander = h.session(t, everything)
			p := h.node.peer(t, everything&^wire.ClientPSMultiResults) // nobody's to reuse
			p.query(t, "select library a1")
			for range 2 {
				p.ask(t, "insert into t values (1)")
				if code := p.outcome(t, 0); code != c.want {
					t.Errorf("error %d, want %d", code, c.want)
				}
			}
			if c.want != 9512 { // its connection was closed to make room
				h.bystander.query(t, "insert into t values (3)")
			}
			_ = p.Close()
			_ = h.bystander.Close()
			h.isEmpty(t)
		})
	}
}

func TestConnectionThatIsNotResetIsNotReused(t *testing.T) {
	done := fakeserver.OK{}.Payload(0)
	for _, c := range []struct {
		name  string
		to    byte
		steps steps
	}{
		{"an error", wire.ComResetConnection, steps{fakeserver.Send(fakeserver.Err(1047, "08S01", "unknown command")), fakeserver.AwaitHangUp()}},
		{"none", wire.ComResetConnection, steps{fakeserver.HangUp()}},
		{"silence", wire.ComResetConnection, steps{fakeserver.AwaitHangUp()}},
		{"a result", wire.ComResetConnection, steps{fakeserver.Send(fakeserver.Result(0, []string{"a"})...), fakeserver.AwaitHangUp()}},
		{"two answers", wire.ComResetConnection, steps{fakeserver.Send(done, done)}},
		{"a length beyond the end", wire.ComResetConnection, steps{fakeserver.SendRaw([]byte{99, 0, 0, 1, 0}), fakeserver.HangUp()}},
		{"a length of 16 MiB", wire.ComResetConnection, steps{fakeserver.SendRaw([]byte{255, 255, 255, 1, 0}), fakeserver.AwaitHangUp()}},
		{"an empty packet", wire.ComResetConnection, steps{fakeserver.Send([]byte{}), fakeserver.AwaitHangUp()}},
		{"an error to the last", wire.ComQuery, steps{fakeserver.Send(fakeserver.Err(1231, "42000", "something is left"))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkGoroutines(t)
			var session atomic.Int64 // whose connection is reset
			h := &hostile{fakeLibrary: startFake(t, func(conn *fakeserver.Conn, payload []byte) []fakeserver.Step {
				if int64(conn.Number) != session.Load() || payload[0] != c.to || payload[0] == wire.ComQuery && !strings.HasPrefix(string(payload[1:]), nodesCommands[2]) {
					return nil
				}
				return c.steps
			})}
			h.node = start(t, serves(h.fakeLibrary))
			p := h.session(t, everything)
			bad := h.last(t).conn
			session.Store(int64(bad))
			_ = p.Close()
			h.isEmpty(t)
			for range 2 {
				p := h.session(t, everything)
				if h.last(t).conn == bad {
					t.Error("the connection was used again")
				}
				_ = p.Close()
				h.isEmpty(t)
			}
			if s := h.node.backends.Pools()[0]; s.Unclean != 1 || s.Cleaned != 2 || s.Reused != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestServerThatClosesBehindEachAnswer(t *testing.T) {
	checkGoroutines(t)
	f := startFake(t, nil)
	f.answer = func(c *fakeserver.Conn, payload []byte) []fakeserver.Step {
		if payload[0] != wire.ComQuery || f.isNodes(string(payload)) {
			return nil
		}
		return append(ok(c, fakeserver.OK{}), fakeserver.HangUp())
	}
	h := &hostile{fakeLibrary: f, node: start(t, serves(f))}
	p := h.node.peer(t, everything)
	p.query(t, "select library a1")
	executed := 0
	for range 20 {
		p.ask(t, "insert into t values (1)")
		seq, payload, err := p.read()
		if err != nil || seq != 1 {
			t.Fatalf("number %d, %q, %v", seq, payload, err)
		}
		switch payload[0] {
		case 0:
			executed++
		default:
			if !strings.HasPrefix(string(payload), "\xff\x29\x25#HY000") {
				t.Fatalf("%q, want error 9513", payload)
			}
		}
	}
	if got := len(f.of(wire.ComQuery)); got != executed {
		t.Errorf("the server has executed %d statements, the client knows of %d", got, executed)
	}
	// A connection that was unused for a while is looked at first.
	for range 2 {
		idle := time.Now()
		eventually(t, "the connection is looked at", func() bool { return time.Since(idle) > 150*time.Millisecond })
		p.query(t, "insert into t values (1)")
	}
	_ = p.Close()
	h.isEmpty(t)
}

func TestStatementThatLooksDifferentElsewhere(t *testing.T) {
	prepared := func(params int, columns ...string) func(c *fakeserver.Conn) []fakeserver.Step {
		return func(c *fakeserver.Conn) []fakeserver.Step {
			return steps{fakeserver.Send(fakeserver.Prepared(c.Capabilities(), 5, params, columns...)...)}
		}
	}
	for _, c := range []struct {
		name  string
		again func(c *fakeserver.Conn) []fakeserver.Step
		want  uint16
	}{
		{"more parameters", prepared(3), 1615},
		{"fewer parameters", prepared(1), 1615},
		{"refused", func(*fakeserver.Conn) []fakeserver.Step {
			return steps{fakeserver.Send(fakeserver.Err(1146, "42S02", "no such table"))}
		}, 9521},
		{"a result", func(c *fakeserver.Conn) []fakeserver.Step { return result(c, []string{"a"}) }, 9511},
		{"a file is asked for", func(*fakeserver.Conn) []fakeserver.Step { return steps{fakeserver.Send([]byte("\xfb/etc/passwd"))} }, 9511},
		{"cut short", func(*fakeserver.Conn) []fakeserver.Step {
			return steps{fakeserver.SendCut(fakeserver.Prepared(0, 5, 2)[0], 4), fakeserver.HangUp()}
		}, 9511},
		{"an OK too many", func(c *fakeserver.Conn) []fakeserver.Step {
			all := fakeserver.Prepared(c.Capabilities(), 5, 2)
			return steps{fakeserver.Send(append(all, fakeserver.OK{}.Payload(0))...), fakeserver.AwaitHangUp()}
		}, 9511},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkGoroutines(t)
			prepares := func(answer func(c *fakeserver.Conn) []fakeserver.Step) answers {
				return func(c *fakeserver.Conn, payload []byte) []fakeserver.Step {
					if payload[0] != wire.ComStmtPrepare {
						return nil
					}
					return answer(c)
				}
			}
			f, other := startFake(t, prepares(prepared(2))), startFake(t, prepares(c.again))
			h := &hostile{fakeLibrary: f, node: start(t, serves(f, other))}
			p := h.session(t, everything|wire.ClientLocalFiles)
			p.send(t, wire.ComStmtPrepare, "insert into t values (?, ?)")
			_, head, err := p.read()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, _, err := p.read(); err != nil {
					t.Fatal(err)
				}
			}
			execution := string(head[1:5]) + "\x00\x01\x00\x00\x00" + "\x03\x01" + "\x08\x00\x08\x00"
			p.query(t, "select library a2")
			for range 2 {
				p.send(t, wire.ComStmtExecute, execution)
				if code := p.outcome(t, 0); code != c.want {
					t.Errorf("error %d, want %d", code, c.want)
				}
			}
			if executed := other.of(wire.ComStmtExecute); len(executed) > 0 {
				t.Errorf("%+v was executed", executed)
			}
			p.query(t, "insert into t values (1)")
			p.query(t, "select library a1")
			p.send(t, wire.ComStmtExecute, execution)
			p.wantsOK(t)
			_ = p.Close()
			h.isEmpty(t)
		})
	}
}

func TestBrokenAnswersToRepeatedSettings(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps steps
		want  uint16
	}{
		{"refused", steps{fakeserver.Send(fakeserver.Err(1193, "HY000", "no such variable"))}, 9521},
		{"none", steps{fakeserver.HangUp()}, 9511},
		{"a file is asked for", steps{fakeserver.Send([]byte("\xfb/etc/passwd")), fakeserver.AwaitHangUp()}, 9511},
		{"two", steps{fakeserver.Send(fakeserver.OK{}.Payload(0), fakeserver.OK{}.Payload(0)), fakeserver.AwaitHangUp()}, 9511},
		{"a wrong number", steps{fakeserver.Send(fakeserver.Result(0, []string{"a"})[:2]...), fakeserver.Number(77), fakeserver.Send(fakeserver.EOF(2)), fakeserver.AwaitHangUp()}, 9511},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkGoroutines(t)
			f := startFake(t, nil)
			other := scripted(t, map[string]func(*fakeserver.Conn) []fakeserver.Step{
				"SET sql_mode='ANSI'": func(*fakeserver.Conn) []fakeserver.Step { return c.steps },
			})
			h := &hostile{fakeLibrary: f, node: start(t, serves(f, other))}
			p := h.session(t, wire.ClientLocalFiles)
			p.query(t, "SET sql_mode='ANSI'")
			p.query(t, "select library a2")
			p.ask(t, "insert into t values (1)")
			if code := p.outcome(t, 0); code != c.want {
				t.Errorf("error %d, want %d", code, c.want)
			}
			used := slices.DeleteFunc(other.of(wire.ComQuery), func(s seen) bool { return strings.Contains(s.payload, "SET sql_mode") })
			if len(used) > 0 {
				t.Errorf("%+v was executed", used)
			}
			p.query(t, "select library a1")
			p.query(t, "insert into t values (1)")
			_ = p.Close()
			h.isEmpty(t)
		})
	}
}
