package proxy_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/fakeserver"
)

// answers says how a scripted server answers a command, whose payload begins with
// the command byte; nil leaves it to the server.
type answers func(c *fakeserver.Conn, payload []byte) []fakeserver.Step

// fakeLibrary is the only server of a library. It does what nodes want of a server
// themselves, and says OK to all else that is not answered by the test.
type fakeLibrary struct {
	*fakeserver.Server
	tb testing.TB

	mu     sync.Mutex
	answer answers
	seen   []seen
	logins map[int]fakeserver.Login // by the number of the connection
}

// seen is a command that a connection has got.
type seen struct {
	conn    int
	payload string
}

// nodesCommands begin what nodes ask of a server themselves.
var nodesCommands = []string{"SELECT @@character_set_client, ", "ROLLBACK", "SET character_set_client=CONVERT("}

func startFake(tb testing.TB, answer answers) *fakeLibrary {
	return startFakeAs(tb, fakeserver.MySQL8(), nil, fakeserver.CachingSHA2Fast(password), answer)
}

func startFakeAs(tb testing.TB, greeting fakeserver.Greeting, secure *tls.Config, login fakeserver.Step, answer answers) *fakeLibrary {
	f := &fakeLibrary{tb: tb, answer: answer, logins: make(map[int]fakeserver.Login)}
	f.Server = fakeserver.Start(tb, fakeserver.Options{TLS: secure}, fakeserver.Script{fakeserver.MayHangUp(
		fakeserver.Greet(greeting), fakeserver.ReadLogin(), login, f.noteLogin, fakeserver.Play(f.play),
	)})
	return f
}

func (f *fakeLibrary) noteLogin(c *fakeserver.Conn) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logins[c.Number] = c.Login
	return nil
}

func (f *fakeLibrary) play(c *fakeserver.Conn, payload []byte) []fakeserver.Step {
	f.mu.Lock()
	answer := f.answer
	f.seen = append(f.seen, seen{c.Number, string(payload)})
	f.mu.Unlock()
	if answer != nil {
		if steps := answer(c, payload); steps != nil {
			return steps
		}
	}
	return f.obey(c, payload)
}

// obey answers as an ordinary server.
func (f *fakeLibrary) obey(c *fakeserver.Conn, payload []byte) []fakeserver.Step {
	caps := c.Capabilities()
	switch payload[0] {
	case wire.ComStmtSendLongData, wire.ComStmtClose:
		return nil
	case wire.ComSetOption:
		return []fakeserver.Step{fakeserver.Send(fakeserver.End(caps, fakeserver.StatusAutocommit))}
	case wire.ComQuery:
		if strings.HasPrefix(f.text(c, payload), nodesCommands[0]) {
			return result(c, []string{"a", "b", "c", "d", "e"}, []string{"utf8mb4", "utf8mb4", "utf8mb4_0900_ai_ci", "NONE", "0"})
		}
	}
	return ok(c, fakeserver.OK{})
}

// text is the text of a query. One that does not stand behind its attributes,
// where those are agreed on, fails the test.
func (f *fakeLibrary) text(c *fakeserver.Conn, payload []byte) string {
	if c.Capabilities()&fakeserver.QueryAttributes == 0 {
		return string(payload[1:])
	}
	text, ok := bytes.CutPrefix(payload, []byte{wire.ComQuery, 0, 1})
	if !ok && (len(payload) < 3 || payload[2] != 1) {
		f.tb.Errorf("the server cannot find the attributes of %q", payload)
	}
	return string(text)
}

func ok(c *fakeserver.Conn, packet fakeserver.OK) []fakeserver.Step {
	return []fakeserver.Step{fakeserver.Send(packet.Payload(c.Capabilities()))}
}

func result(c *fakeserver.Conn, names []string, rows ...[]string) []fakeserver.Step {
	return []fakeserver.Step{fakeserver.Send(fakeserver.Result(c.Capabilities(), names, rows...)...)}
}

// of returns the commands that connections have got from sessions, in order.
func (f *fakeLibrary) of(codes ...byte) []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []seen
	for _, s := range f.seen {
		if bytes.IndexByte(codes, s.payload[0]) < 0 || f.isNodes(s.payload) {
			continue
		}
		all = append(all, s)
	}
	return all
}

func (f *fakeLibrary) isNodes(payload string) bool {
	text := strings.TrimPrefix(payload[1:], "\x00\x01")
	for _, prefix := range nodesCommands {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// last is the last query of a session.
func (f *fakeLibrary) last(t *testing.T) seen {
	t.Helper()
	all := f.of(wire.ComQuery)
	if len(all) == 0 {
		t.Fatal("the server has got no query")
	}
	return all[len(all)-1]
}

// login is what a connection has logged in with.
func (f *fakeLibrary) login(conn int) fakeserver.Login {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.logins[conn]
}

// serves makes fake libraries the libraries of a node: library_1 and so on.
func serves(fakes ...*fakeLibrary) option {
	return func(d *directory, _ *proxy.Config) {
		var all []fsm.Library
		for i, f := range fakes {
			id := fsm.LibraryID(i + 1)
			all = append(all, library(id, "library_"+string(rune('0'+id)), f.Addr()))
		}
		d.libraries = fsm.NewLibrarySet(1, all)
	}
}

// peer is a client that agrees on just what the test wants, and sees the bytes.
type peer struct {
	net.Conn
	*wire.Peer
}

// everything is what a client of MySQL 8 agrees on, without what tests try one by
// one.
const everything = wire.ClientMultiStatements | wire.ClientMultiResults | wire.ClientPSMultiResults |
	wire.ClientSessionTrack | wire.ClientDeprecateEOF

func (n *node) peer(t testing.TB, caps wire.Capability) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", n.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the test may have closed it
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	logged, err := wire.Connect(conn, wire.ConnectConfig{User: user, Password: password, Capabilities: caps, Collation: 45})
	if err != nil {
		t.Fatal(err)
	}
	if !logged.Capabilities.Has(caps) {
		t.Fatalf("agreed on %s of %s", logged.Capabilities, caps)
	}
	return &peer{conn, logged}
}

// send sends a command.
func (p *peer) send(t testing.TB, command byte, argument string) {
	t.Helper()
	if _, err := p.Conn.Write(packet(command, argument)); err != nil {
		t.Fatal(err)
	}
}

// ask sends a query without attributes.
func (p *peer) ask(t testing.TB, sql string) {
	t.Helper()
	if p.Capabilities.Has(wire.ClientQueryAttributes) {
		sql = "\x00\x01" + sql
	}
	p.send(t, wire.ComQuery, sql)
}

// read returns the next packet's number and payload.
func (p *peer) read() (seq uint8, payload []byte, err error) {
	var head [wire.HeaderLen]byte
	if _, err := io.ReadFull(p.Conn, head[:]); err != nil {
		return 0, nil, err
	}
	length, seq := wire.ParseHeader(head[:])
	payload = make([]byte, length)
	_, err = io.ReadFull(p.Conn, payload)
	return seq, payload, err
}

// wants wants packets with these payloads, numbered from 1.
func (p *peer) wants(t testing.TB, payloads ...[]byte) {
	t.Helper()
	for i, want := range payloads {
		seq, got, err := p.read()
		if err != nil || seq != uint8(i+1) || !bytes.Equal(got, want) {
			t.Fatalf("packet %d: got number %d, %q, %v; want %q", i+1, seq, got, err, want)
		}
	}
}

// wantsOK wants an OK packet.
func (p *peer) wantsOK(t testing.TB) {
	t.Helper()
	seq, got, err := p.read()
	if err != nil || seq != 1 || got[0] != 0 {
		t.Fatalf("got number %d, %q, %v; want an OK", seq, got, err)
	}
}

// query asks and wants an OK.
func (p *peer) query(t testing.TB, sql string) {
	t.Helper()
	p.ask(t, sql)
	p.wantsOK(t)
}

// outcome reads an answer up to its ERR packet and returns its code, or 0 when the
// connection was closed. limit bounds the packets in front of it.
func (p *peer) outcome(t testing.TB, limit int) uint16 {
	t.Helper()
	for next := 1; next <= limit+1; next++ {
		seq, payload, err := p.read()
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			t.Fatalf("packet %d did not come", next)
		}
		if err != nil {
			return 0
		}
		if payload[0] == 0xff {
			if seq != uint8(next) {
				t.Errorf("the error is number %d, want %d", seq, uint8(next))
			}
			return binary.LittleEndian.Uint16(payload[1:])
		}
	}
	t.Fatalf("no error within %d packets", limit)
	return 0
}
