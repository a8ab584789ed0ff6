package wire

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// outcome is what Accept returned.
type outcome struct {
	client *Client
	err    error
}

// deadlineConn remembers the last deadline that was set.
type deadlineConn struct {
	net.Conn
	deadline time.Time
}

func (c *deadlineConn) SetDeadline(t time.Time) error {
	c.deadline = t
	return c.Conn.SetDeadline(t)
}

func lookup(user string) []Verifier {
	switch user {
	case "calvin":
		return []Verifier{NewVerifier("secret")}
	case "open":
		return []Verifier{NewVerifier("")}
	case "rotating":
		return []Verifier{NewVerifier("newer"), NewVerifier("older")}
	default:
		return nil
	}
}

func acceptConfig() AcceptConfig {
	return AcceptConfig{
		ServerVersion: "8.0.36-mysqlda", ConnectionID: 0x01020304, Capabilities: OfferedCapabilities,
		Collation: collationUTF8MB4, Lookup: lookup, Timeout: 10 * time.Second,
	}
}

// accept runs Accept on one end of a connection and gives the other to a client.
func accept(t *testing.T, cfg AcceptConfig) (client net.Conn, server *deadlineConn, result <-chan outcome) {
	t.Helper()
	client, end := net.Pipe()
	server = &deadlineConn{Conn: end}
	t.Cleanup(func() { _, _ = client.Close(), end.Close() })
	if err := client.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	out := make(chan outcome, 1)
	go func() {
		c, err := Accept(server, cfg)
		out <- outcome{c, err}
	}()
	return client, server, out
}

// greeted is accept with the greeting already read.
func greeted(t *testing.T) (client net.Conn, g greeting, result <-chan outcome) {
	t.Helper()
	client, _, result = accept(t, acceptConfig())
	_, payload := readPacket(t, client)
	return client, parseGreeting(t, payload), result
}

func TestGreetingSaysWhatIsOffered(t *testing.T) {
	_, g, _ := greeted(t)
	if g.version != "8.0.36-mysqlda" || g.id != 0x01020304 || g.collation != collationUTF8MB4 ||
		g.plugin != pluginNative || g.capabilities != OfferedCapabilities {
		t.Errorf("greeting %+v", g)
	}
	if !g.capabilities.Has(ClientLongPassword) {
		t.Error("MariaDB's extended capabilities are not ruled out")
	}
}

func TestSaltIsPrintableAndNew(t *testing.T) {
	seen := map[Salt]bool{}
	for range 200 {
		salt := newSalt()
		if seen[salt] || bytes.IndexFunc(salt[:], func(r rune) bool { return r <= ' ' || r > '~' || r == '$' }) >= 0 {
			t.Fatalf("salt %q", salt)
		}
		seen[salt] = true
	}
}

func TestLoginGivesWhatTheClientSays(t *testing.T) {
	client, g, result := greeted(t)
	l := login{
		capabilities: OfferedCapabilities&^ClientFoundRows | ClientQueryAttributes | ClientSessionTrack,
		collation:    33, user: "calvin", auth: native(g.salt, "secret"), database: "shop", plugin: pluginNative,
		attributes: map[string]string{"_client_name": "test", "long": strings.Repeat("x", 300), "empty": ""},
	}
	send(t, client, packetOf(1, l.payload()))
	r := <-result
	if r.err != nil {
		t.Fatal(r.err)
	}
	want := OfferedCapabilities &^ ClientFoundRows
	if c := r.client; c.User != "calvin" || c.Database != "shop" || c.Collation != 33 || c.Capabilities != want ||
		c.Sequence != 2 || !maps.Equal(c.Attributes, l.attributes) {
		t.Errorf("client %+v", c)
	}
}

// full is what most clients ask for; legacy is a client without plugins.
const (
	full   = OfferedCapabilities &^ (ClientConnectWithDB | ClientConnectAttrs)
	legacy = full &^ (ClientPluginAuth | ClientPluginAuthLenencData)
)

func TestPasswordIsChecked(t *testing.T) {
	none := func([]byte, string) []byte { return nil }
	nul := func([]byte, string) []byte { return []byte{0} }
	askKey := func([]byte, string) []byte { return []byte{2} }
	type scramble = func(salt []byte, password string) []byte
	for _, c := range []struct {
		name           string
		caps           Capability
		user, password string
		plugin         string
		auth           scramble
		switched       string   // the plugin that the client is switched to
		again          scramble // and what it answers to that
		right          bool
		fast           bool // told that its fast authentication was right
	}{
		{name: "native", caps: full, user: "calvin", password: "secret", plugin: pluginNative, auth: native, right: true},
		{name: "native, newer of two", caps: full, user: "rotating", password: "newer", plugin: pluginNative, auth: native, right: true},
		{name: "native, older of two", caps: full, user: "rotating", password: "older", plugin: pluginNative, auth: native, right: true},
		{name: "native, neither of two", caps: full, user: "rotating", password: "oldest", plugin: pluginNative, auth: native},
		{name: "sha2, older of two", caps: full, user: "rotating", password: "older", plugin: pluginCachingSHA2, auth: cachingSHA2, right: true, fast: true},
		{name: "native, wrong", caps: full, user: "calvin", password: "Secret", plugin: pluginNative, auth: native},
		{name: "native, none", caps: full, user: "calvin", plugin: pluginNative, auth: none},
		{name: "native, unknown user", caps: full, user: "nobody", password: "secret", plugin: pluginNative, auth: native},
		{name: "native, unknown user, none", caps: full, user: "nobody", plugin: pluginNative, auth: none},
		{name: "native, user without password", caps: full, user: "open", plugin: pluginNative, auth: none, right: true},
		{name: "native, one too many", caps: full, user: "open", password: "x", plugin: pluginNative, auth: native},
		{name: "native, short", caps: full, user: "calvin", plugin: pluginNative, auth: nul},
		{name: "old client", caps: legacy, user: "calvin", password: "secret", auth: native, right: true},
		{name: "old client, wrong", caps: legacy, user: "calvin", password: "x", auth: native},
		{name: "without length encoding", caps: full &^ ClientPluginAuthLenencData, user: "calvin", password: "secret", plugin: pluginNative, auth: native, right: true},
		{name: "sha2 at once", caps: full, user: "calvin", password: "secret", plugin: pluginCachingSHA2, auth: cachingSHA2, right: true, fast: true},
		{name: "sha2 at once, wrong", caps: full, user: "calvin", password: "x", plugin: pluginCachingSHA2, auth: cachingSHA2},
		{name: "sha2 at once, unknown user", caps: full, user: "nobody", password: "secret", plugin: pluginCachingSHA2, auth: cachingSHA2},
		{name: "sha2 switched", caps: full, user: "calvin", password: "secret", plugin: pluginCachingSHA2, auth: none, switched: pluginCachingSHA2, again: cachingSHA2, right: true, fast: true},
		{name: "sha2 switched, wrong", caps: full, user: "calvin", password: "x", plugin: pluginCachingSHA2, auth: none, switched: pluginCachingSHA2, again: cachingSHA2},
		{name: "sha2 switched, none", caps: full, user: "calvin", plugin: pluginCachingSHA2, auth: none, switched: pluginCachingSHA2, again: none},
		{name: "sha2 switched, asks for the key", caps: full, user: "calvin", password: "x", plugin: pluginCachingSHA2, auth: none, switched: pluginCachingSHA2, again: askKey},
		{name: "sha2 switched, no password", caps: full, user: "open", plugin: pluginCachingSHA2, auth: none, switched: pluginCachingSHA2, again: none, right: true},
		{name: "sha2 switched, no password as a NUL", caps: full, user: "open", plugin: pluginCachingSHA2, auth: none, switched: pluginCachingSHA2, again: nul, right: true},
		{name: "sha2 with a native scramble", caps: full, user: "calvin", password: "secret", plugin: pluginCachingSHA2, auth: native, switched: pluginCachingSHA2, again: cachingSHA2, right: true, fast: true},
		{name: "other plugin", caps: full, user: "calvin", password: "secret", plugin: "mysql_clear_password", auth: none, switched: pluginNative, again: native, right: true},
		{name: "other plugin, clear password", caps: full, user: "calvin", password: "secret", plugin: "mysql_clear_password", auth: none, switched: pluginNative, again: func(_ []byte, p string) []byte { return append([]byte(p), 0) }},
		{name: "no plugin named", caps: full, user: "calvin", password: "secret", auth: none, switched: pluginNative, again: native, right: true},
		{name: "other plugin, unknown user", caps: full, user: "nobody", plugin: "dialog", auth: none, switched: pluginNative, again: none},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, g, result := greeted(t)
			l := login{capabilities: c.caps, user: c.user, plugin: c.plugin, auth: c.auth(g.salt, c.password)}
			send(t, client, packetOf(1, l.payload()))
			next := uint8(2)
			auth := l.auth
			if c.switched != "" {
				seq, payload := readPacket(t, client)
				prefix := append([]byte{markEOF}, c.switched+"\x00"...)
				salt, ok := bytes.CutPrefix(payload, prefix)
				if seq != 2 || !ok || len(salt) != saltLen+1 || bytes.Equal(salt[:saltLen], g.salt) {
					t.Fatalf("packet %d to switch: %q", seq, payload)
				}
				auth = c.again(salt[:saltLen], c.password)
				send(t, client, packetOf(3, auth))
				next = 4
			}
			if c.fast {
				if seq, payload := readPacket(t, client); seq != next || !bytes.Equal(payload, []byte{1, 3}) {
					t.Fatalf("packet %d behind a right scramble: %q", seq, payload)
				}
				next++
			}
			r := <-result
			var denied *AuthError
			switch {
			case c.right && r.err != nil:
				t.Fatal(r.err)
			case c.right && r.client.Sequence != next:
				t.Errorf("next number %d, want %d", r.client.Sequence, next)
			case !c.right && !errors.As(r.err, &denied):
				t.Fatalf("client %+v, error %v", r.client, r.err)
			case !c.right && (denied.Sequence != next || denied.User != c.user || denied.UsingPassword != (len(auth) > 0)):
				t.Errorf("%+v", denied)
			}
		})
	}
}

func TestClientsThatCannotBeServedAreToldWhy(t *testing.T) {
	for _, c := range []struct {
		name    string
		payload []byte
		code    uint16
		text    string
	}{
		{"protocol 3.20", []byte{0x05, 0x00, 0, 0, 0, 'x', 0}, 1043, "4.1"},
		{"TLS request", login{capabilities: full | ClientSSL}.payload()[:32], 1043, "TLS"},
		{"TLS flag in a login", login{capabilities: full | ClientSSL, user: "calvin"}.payload(), 1043, "TLS"},
		{"old passwords", login{capabilities: ClientProtocol41, user: "calvin", auth: []byte("12345678")}.payload(), 1251, "authentication"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, _, result := greeted(t)
			send(t, client, packetOf(1, c.payload))
			seq, answer := readPacket(t, client)
			if seq != 2 || answer[0] != markErr || int(answer[1])|int(answer[2])<<8 != int(c.code) || !strings.Contains(string(answer), c.text) {
				t.Errorf("packet %d: %q", seq, answer)
			}
			var refused *RefusedError
			if r := <-result; !errors.As(r.err, &refused) || refused.Code != c.code {
				t.Errorf("client %+v, error %v", r.client, r.err)
			}
		})
	}
}

func TestGarbageEndsTheHandshake(t *testing.T) {
	whole := login{capabilities: full | ClientConnectAttrs, user: "calvin", plugin: pluginNative, auth: make([]byte, 20), attributes: map[string]string{"a": "b"}}.payload()
	for name, b := range map[string][]byte{
		"empty packet":     packetOf(1, nil),
		"one byte":         packetOf(1, []byte{0x85}),
		"wrong number":     packetOf(2, whole),
		"HTTP":             []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"cut scramble":     packetOf(1, whole[:45]),
		"cut attributes":   packetOf(1, whole[:len(whole)-1]),
		"huge attributes":  packetOf(1, append(whole[:len(whole)-5:len(whole)-5], 0xfe, 1, 2, 3, 4, 5, 6, 7, 0xff)),
		"NULL as a length": packetOf(1, append(whole[:len(whole)-5:len(whole)-5], 0xfb)),
	} {
		t.Run(name, func(t *testing.T) {
			client, _, result := greeted(t)
			send(t, client, b[:min(len(b), HeaderLen)])
			// What follows a refused header is never read.
			go func() { _, _ = client.Write(b[HeaderLen:]) }()
			r := <-result
			var denied *AuthError
			if r.err == nil || errors.As(r.err, &denied) {
				t.Errorf("client %+v, error %v", r.client, r.err)
			}
		})
	}
}

func TestLoginIsBoundedInSize(t *testing.T) {
	client, _, result := greeted(t)
	send(t, client, []byte{1, 0, 1, 1}) // the header alone is enough
	if r := <-result; r.err == nil || !strings.Contains(r.err.Error(), "65537 bytes") {
		t.Errorf("client %+v, error %v", r.client, r.err)
	}
}

func TestWhatAClientSendsAheadStaysInTheConnection(t *testing.T) {
	client, server, result := accept(t, acceptConfig())
	_, payload := readPacket(t, client)
	l := login{capabilities: full, user: "calvin", plugin: pluginNative, auth: native(parseGreeting(t, payload).salt, "secret")}
	ahead := "pipelined"
	go func() { _, _ = client.Write(append(packetOf(1, l.payload()), ahead...)) }()
	if r := <-result; r.err != nil {
		t.Fatal(r.err)
	}
	got := make([]byte, len(ahead))
	if _, err := io.ReadFull(server, got); err != nil || string(got) != ahead {
		t.Errorf("then %q, %v", got, err)
	}
	if !server.deadline.IsZero() {
		t.Error("the deadline of the handshake is still set")
	}
}

func TestHandshakeIsBoundedInTime(t *testing.T) {
	cfg := acceptConfig()
	cfg.Timeout = 20 * time.Millisecond
	client, server, result := accept(t, cfg)
	readPacket(t, client)
	send(t, client, []byte{1}) // a client that goes on drop by drop
	if r := <-result; !errors.Is(r.err, os.ErrDeadlineExceeded) {
		t.Errorf("client %+v, error %v", r.client, r.err)
	}
	if server.deadline.IsZero() {
		t.Error("the deadline is gone: an ERR could block")
	}
}

func TestAttributesAreBounded(t *testing.T) {
	l := login{capabilities: full | ClientConnectAttrs, attributes: map[string]string{}}
	for i := range 2 * maxAttributes {
		l.attributes[strings.Repeat("x", i)] = "y"
	}
	got, err := parseLogin(l.payload())
	if err != nil || len(got.attributes) != maxAttributes {
		t.Errorf("%d attributes, %v", len(got.attributes), err)
	}
}

func TestFieldsMayLackTheirLastNUL(t *testing.T) {
	payload := login{capabilities: full, user: "calvin", plugin: pluginNative}.payload()
	l, err := parseLogin(payload[:len(payload)-1])
	if err != nil || l.plugin != pluginNative {
		t.Errorf("%+v, %v", l, err)
	}
}

func FuzzLogin(f *testing.F) {
	for _, caps := range []Capability{full, legacy, OfferedCapabilities, SupportedCapabilities, SupportedCapabilities &^ ClientLongPassword, ClientProtocol41, ClientProtocol41 | ClientPluginAuth, full | ClientSSL} {
		f.Add(login{capabilities: caps, user: "calvin", auth: make([]byte, 20), database: "d", plugin: pluginNative, attributes: map[string]string{"a": "b"}}.payload())
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		l, err := parseLogin(payload)
		if (l == nil) == (err == nil) {
			t.Fatalf("login %+v, error %v", l, err)
		}
		if l != nil && (len(l.attributes) > maxAttributes || len(l.user)+len(l.auth)+len(l.database) > len(payload)) {
			t.Fatalf("login %+v of %d bytes", l, len(payload))
		}
	})
}
