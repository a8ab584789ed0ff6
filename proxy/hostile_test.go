package proxy_test

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/fakeserver"
)

// misbehave is what a client says to make the server break its word.
const misbehave = "insert into t select misbehave()"

// steps are what a server does instead.
type steps []fakeserver.Step

// hostile is a node whose only library breaks its word when it is asked to.
type hostile struct {
	*fakeLibrary
	node      *node
	bystander *peer // a session that has nothing to do with it
	conn      int   // its backend connection
}

func startHostile(t *testing.T, does func(c *fakeserver.Conn) []fakeserver.Step) *hostile {
	t.Helper()
	checkGoroutines(t)
	h := &hostile{fakeLibrary: scripted(t, map[string]func(*fakeserver.Conn) []fakeserver.Step{misbehave: does})}
	h.node = start(t, serves(h.fakeLibrary))
	h.bystander = h.session(t, everything)
	h.conn = h.last(t).conn
	return h
}

// checkGoroutines wants none left behind when everything has ended that is started
// after it.
func checkGoroutines(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		eventually(t, "all goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
	})
}

// session is one that has a backend connection.
func (h *hostile) session(t *testing.T, caps wire.Capability) *peer {
	t.Helper()
	p := h.node.peer(t, caps)
	p.query(t, "select library a1")
	p.query(t, "insert into t values (1)")
	return p
}

// bad is the connection that has misbehaved last.
func (h *hostile) bad(t *testing.T) int {
	t.Helper()
	all := h.of(wire.ComQuery)
	for _, s := range slices.Backward(all) {
		if strings.HasSuffix(s.payload, misbehave) {
			return s.conn
		}
	}
	t.Fatal("no connection has misbehaved")
	return 0
}

// isOver checks that nothing is left of it but another session: p, which goes on
// unless its connection was closed.
func (h *hostile) isOver(t *testing.T, p *peer, closed bool) {
	t.Helper()
	if closed {
		p = h.session(t, p.Capabilities&wire.ShapeMask)
	}
	p.query(t, "insert into t values (2)")
	h.bystander.query(t, "insert into t values (3)")
	if conn := h.last(t).conn; conn != h.conn {
		t.Errorf("the other session has changed to connection %d", conn)
	}
	_ = p.Close()
	_ = h.bystander.Close()
	h.isEmpty(t)
	h.isNotReused(t, h.bad(t))
}

// isEmpty waits until nothing is in use any more.
func (h *hostile) isEmpty(t *testing.T) {
	t.Helper()
	eventually(t, "nothing is in use", func() bool {
		used := len(h.node.Sessions())
		for _, s := range h.node.backends.Pools() {
			used += s.InUse + s.Connecting + s.Resetting + s.Waiting
		}
		return used == 0
	})
}

// isNotReused checks that a connection has got nothing, not even a command of the
// node, since it has misbehaved.
func (h *hostile) isNotReused(t *testing.T, conn int) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	last := ""
	for _, s := range h.seen {
		if s.conn == conn {
			last = s.payload
		}
	}
	if !strings.HasSuffix(last, misbehave) {
		t.Errorf("connection %d was used again for %q", conn, last)
	}
}

func TestBrokenAnswers(t *testing.T) {
	const more = fakeserver.StatusAutocommit | fakeserver.StatusMoreResultsExists
	send, cut, hangUp := fakeserver.Send, fakeserver.SendCut, fakeserver.HangUp()
	silent := fakeserver.AwaitHangUp()
	caps := uint64(everything)
	row, head := fakeserver.Row("some text"), fakeserver.Columns(caps, fakeserver.StatusAutocommit, "a", "b")
	done := fakeserver.OK{}.Payload(caps)
	result := fakeserver.Result(caps, []string{"a", "b"}, []string{"x", "y"})
	columns := func(n ...byte) []byte { return append([]byte{0xfc}, n...) }
	for _, c := range []struct {
		name  string
		steps steps
		want  uint16 // the error; 0: the connection is closed
	}{
		{"none", steps{hangUp}, 9513},
		{"none, and a reset", steps{fakeserver.Reset()}, 9513},
		{"a header cut short", steps{fakeserver.SendRaw([]byte{1, 0}), hangUp}, 0},
		{"an OK cut short", steps{cut(done, 3), hangUp}, 0},
		{"a length beyond the end", steps{fakeserver.SendRaw(append(fakeserver.Header(1<<20, 1), done...)), hangUp}, 0},
		{"a length below the end", steps{fakeserver.SendRaw(append(fakeserver.Header(3, 1), done...)), silent}, 9513},
		{"an empty packet", steps{send([]byte{}), silent}, 9513},
		{"an EOF for an answer", steps{send(fakeserver.EOF(2)), silent}, 9513},
		{"an ERR cut short", steps{send([]byte{0xff, 1}), silent}, 9513},
		{"no columns but more bytes", steps{send([]byte{5, 5, 5}), silent}, 9513},
		{"a file is asked for", steps{send([]byte("\xfb/etc/passwd")), silent}, 9513},
		{"a file is asked for later", steps{send(fakeserver.OK{Status: more}.Payload(caps), []byte("\xfb/etc/passwd")), silent}, 9513},
		{"only the columns' number", steps{send(head[0]), hangUp}, 9515},
		{"columns and no more", steps{send(head...), hangUp}, 9515},
		{"a column cut short", steps{send(head[0]), cut(head[1], 4), hangUp}, 0},
		{"rows and no more", steps{send(head...), send(row, row), hangUp}, 9515},
		{"a row cut short", steps{send(head...), send(row), cut(row, 4), hangUp}, 0},
		{"a result and no more", steps{send(head...), send(row, fakeserver.End(caps, more)), hangUp}, 9513},
		{"a wrong number in the rows", steps{send(head...), fakeserver.Number(99), send(row), silent}, 9515},
		{"a wrong number behind a result", steps{send(head...), send(fakeserver.End(caps, more)), fakeserver.Number(1), send(done), silent}, 9513},
		{"65535 columns", steps{send(columns(0xff, 0xff)), send(head[1]), hangUp}, 9515},
		{"16777216 columns", steps{send([]byte{0xfe, 0, 0, 0, 1, 0, 0, 0, 0}), silent}, 9513},
		{"an end among the columns", steps{send(head[0], fakeserver.EOF(2)), silent}, 9515},
		{"an end that is cut short", steps{send(head...), send([]byte{0xfe, 0}), silent}, 9515},
		{"a result cut in its second half", steps{send(result[:len(result)-1]...), hangUp}, 9515},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := startHostile(t, func(*fakeserver.Conn) []fakeserver.Step { return c.steps })
			p := h.session(t, everything)
			p.ask(t, misbehave)
			if code := p.outcome(t, 10); code != c.want {
				t.Errorf("error %d, want %d", code, c.want)
			}
			h.isOver(t, p, c.want == 0)
		})
	}
}

func TestPacketsBehindTheEndAreNobodys(t *testing.T) {
	for name, behind := range map[string][]byte{"an OK": fakeserver.OK{AffectedRows: 77}.Payload(0), "bytes": {1}} {
		t.Run(name, func(t *testing.T) {
			h := startHostile(t, func(*fakeserver.Conn) []fakeserver.Step {
				done := fakeserver.OK{AffectedRows: 5}.Payload(0)
				return steps{fakeserver.SendRaw(slices.Concat(
					fakeserver.Header(len(done), 1), done, fakeserver.Header(len(behind), 2), behind)), fakeserver.AwaitHangUp()}
			})
			p := h.session(t, everything)
			p.ask(t, misbehave)
			p.wants(t, fakeserver.OK{AffectedRows: 5}.Payload(0))
			p.query(t, "insert into t values (2)")
			h.isOver(t, p, false)
		})
	}
}

func TestOnlyClientsThatAllowItAreAskedForFiles(t *testing.T) {
	h := startHostile(t, func(c *fakeserver.Conn) []fakeserver.Step {
		return steps{
			fakeserver.Send([]byte("\xfb/etc/passwd")), fakeserver.ExpectPacket("root"), fakeserver.ExpectPacket(""),
			fakeserver.Send(fakeserver.OK{AffectedRows: 1}.Payload(c.Capabilities())),
		}
	})
	p := h.session(t, everything|wire.ClientLocalFiles)
	for range 2 {
		p.ask(t, misbehave)
		if _, request, err := p.read(); err != nil || string(request) != "\xfb/etc/passwd" {
			t.Fatalf("%q, %v", request, err)
		}
		if _, err := p.Conn.Write([]byte("\x04\x00\x00\x02root\x00\x00\x00\x03")); err != nil {
			t.Fatal(err)
		}
		if seq, payload, err := p.read(); err != nil || seq != 4 || payload[0] != 0 {
			t.Fatalf("number %d, %q, %v", seq, payload, err)
		}
	}
	_ = p.Close()
	_ = h.bystander.Close()
	h.isEmpty(t)
}

func TestAnswersComeByteByByte(t *testing.T) {
	caps := uint64(everything)
	whole := slices.Concat(fakeserver.Columns(caps, 2, "a"), [][]byte{
		fakeserver.Row("some text"), fakeserver.End(caps, fakeserver.StatusMoreResultsExists),
		fakeserver.OK{Session: fakeserver.Schema("elsewhere")}.Payload(caps),
	})
	h := startHostile(t, func(*fakeserver.Conn) []fakeserver.Step {
		var all []fakeserver.Step
		for i, payload := range whole {
			for _, b := range append(fakeserver.Header(len(payload), uint8(i+1)), payload...) {
				all = append(all, fakeserver.SendRaw([]byte{b}))
			}
		}
		return all
	})
	p := h.session(t, everything)
	for range 3 {
		p.ask(t, misbehave)
		p.wants(t, whole...)
	}
	_ = p.Close()
	_ = h.bystander.Close()
	h.isEmpty(t)
}

func TestClientLeavesAnEndlessResult(t *testing.T) {
	head := fakeserver.Columns(uint64(everything), fakeserver.StatusAutocommit, "a")
	row := fakeserver.Row(strings.Repeat("x", 100))
	h := startHostile(t, func(*fakeserver.Conn) []fakeserver.Step {
		return steps{fakeserver.Send(head...), func(c *fakeserver.Conn) error {
			for {
				if err := c.Write(slices.Repeat([][]byte{row}, 256)...); err != nil {
					return err
				}
			}
		}}
	})
	p := h.session(t, everything)
	p.ask(t, misbehave)
	for range 10_000 {
		if _, payload, err := p.read(); err != nil || payload[0] == 0xff {
			t.Fatalf("%q, %v", payload, err)
		}
	}
	_ = p.Close()
	h.isOver(t, p, true)
}

func TestClientLeavesAServerThatStalls(t *testing.T) {
	head := fakeserver.Columns(uint64(everything), fakeserver.StatusAutocommit, "a")
	row := fakeserver.Row("some text")
	for name, before := range map[string]steps{
		"at once":    {},
		"in a row":   {fakeserver.Send(head...), fakeserver.SendCut(row, 5)},
		"in a field": {fakeserver.Send(head[0]), fakeserver.SendCut(head[1], 5)},
	} {
		t.Run(name, func(t *testing.T) {
			h := startHostile(t, func(*fakeserver.Conn) []fakeserver.Step {
				return before // and then it listens again
			})
			p := h.session(t, everything)
			p.ask(t, misbehave)
			eventually(t, "the server stalls", func() bool { return strings.HasSuffix(h.last(t).payload, misbehave) })
			_ = p.Close()
			eventually(t, "its session is gone", func() bool { return len(h.node.Sessions()) == 1 })
			var killed []string
			for _, s := range h.of(wire.ComQuery) {
				if text, ok := strings.CutPrefix(s.payload, "\x03KILL "); ok {
					killed = append(killed, text)
				}
			}
			if want := []string{strconv.Itoa(h.bad(t))}; !slices.Equal(killed, want) {
				t.Errorf("threads %q were ended, want %q", killed, want)
			}
			h.isOver(t, p, true)
		})
	}
}
