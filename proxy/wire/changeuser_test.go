package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"net"
	"testing"
	"time"
)

// changeUser writes a COM_CHANGE_USER as a client with the login's capabilities
// does.
func (l login) changeUser() []byte {
	out := append([]byte{ComChangeUser}, l.user...)
	out = append(out, 0)
	if l.capabilities.Has(ClientSecureConnection) {
		out = append(append(out, byte(len(l.auth))), l.auth...)
	} else {
		out = append(append(out, l.auth...), 0)
	}
	out = append(append(out, l.database...), 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(l.collation))
	if l.capabilities.Has(ClientPluginAuth) {
		out = append(append(out, l.plugin...), 0)
	}
	if l.capabilities.Has(ClientConnectAttrs) {
		var attributes []byte
		for name, value := range l.attributes {
			attributes = appendLenencString(appendLenencString(attributes, name), value)
		}
		out = appendLenencString(out, string(attributes))
	}
	return out
}

// changing runs ChangeUser on one end of a connection and gives the other.
func changing(t *testing.T, payload []byte, was Agreed) (client net.Conn, result <-chan outcome) {
	t.Helper()
	client, server := net.Pipe()
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	if err := client.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	out := make(chan outcome, 1)
	go func() {
		c, err := ChangeUser(server, payload, 1, acceptConfig(), was)
		out <- outcome{c, err}
	}()
	return client, out
}

func TestUserIsChanged(t *testing.T) {
	was := Agreed{Capabilities: full | ClientConnectAttrs, Salt: newSalt()}
	nativeAgain := switched(pluginNative, func(s []byte) []byte { return native(s[:saltLen], "secret") })
	deny := switched(pluginNative, func(s []byte) []byte { return native(s[:saltLen], "wrong") })
	type step = func(*testing.T, []byte) []byte
	for _, c := range []struct {
		name  string
		caps  Capability // that the client has agreed on less
		login login
		tls   bool
		steps []step
		right bool
		none  bool
	}{
		{name: "over the salt of the login", login: login{user: "calvin", plugin: pluginNative, auth: native(was.Salt[:], "secret")}, right: true},
		{name: "over a salt of its own memory", login: login{user: "calvin", plugin: pluginNative, auth: native(make([]byte, 20), "secret")}, steps: []step{nativeAgain}, right: true},
		{name: "wrong", login: login{user: "calvin", plugin: pluginNative, auth: native(was.Salt[:], "wrong")}, steps: []step{deny}},
		{name: "unknown user", login: login{user: "nobody", plugin: pluginNative, auth: native(was.Salt[:], "secret")}, steps: []step{nativeAgain}},
		{name: "without a password", login: login{user: "open", plugin: pluginNative}, right: true},
		{name: "password missing", login: login{user: "calvin", plugin: pluginNative}, none: true},
		{name: "sha2", login: login{user: "calvin", plugin: pluginCachingSHA2, auth: cachingSHA2(was.Salt[:], "secret")}, steps: []step{told([]byte{markMoreData, fastAuthDone}, nil)}, right: true},
		{name: "sha2, over another salt", login: login{user: "calvin", plugin: pluginCachingSHA2, auth: cachingSHA2(make([]byte, 20), "secret")}, steps: []step{
			switched(pluginCachingSHA2, func(s []byte) []byte { return cachingSHA2(s[:saltLen], "secret") }), told([]byte{markMoreData, fastAuthDone}, nil),
		}, right: true},
		{name: "clear over TLS", tls: true, login: login{user: "calvin", plugin: pluginClear, auth: []byte("secret\x00")}, right: true},
		{name: "clear, not without TLS", login: login{user: "calvin", plugin: pluginClear, auth: []byte("secret\x00")}, steps: []step{nativeAgain}, right: true},
		{name: "plugin not named", login: login{user: "calvin"}, steps: []step{nativeAgain}, right: true},
		{name: "client without plugins", caps: ClientPluginAuth | ClientConnectAttrs, login: login{user: "calvin", auth: native(was.Salt[:], "secret")}, right: true},
		{name: "client without plugins, wrong", caps: ClientPluginAuth | ClientConnectAttrs, login: login{user: "calvin", auth: native(was.Salt[:], "wrong")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			was := was
			was.Capabilities &^= c.caps
			was.TLS = c.tls
			c.login.capabilities, c.login.collation, c.login.database = was.Capabilities, 33, "shop"
			c.login.attributes = map[string]string{"mysqlda_core": "c1"}
			client, result := changing(t, c.login.changeUser(), was)
			next := uint8(1)
			for _, step := range c.steps {
				seq, payload := readPacket(t, client)
				if seq != next {
					t.Fatalf("packet %d instead of %d", seq, next)
				}
				next++
				if answer := step(t, payload); answer != nil {
					send(t, client, packetOf(next, answer))
					next++
				}
			}
			r := <-result
			var denied *AuthError
			if !c.right {
				if !errors.As(r.err, &denied) || denied.Sequence != next || denied.UsingPassword == c.none || denied.User != c.login.user {
					t.Fatalf("%+v, %v", r.client, r.err)
				}
				return
			}
			if r.err != nil {
				t.Fatal(r.err)
			}
			got := r.client
			if got.User != c.login.user || got.Database != "shop" || got.Collation != 33 || got.Sequence != next ||
				got.Capabilities != was.Capabilities || got.TLS != c.tls || got.Conn != nil {
				t.Errorf("%+v", got)
			}
			if was.Capabilities.Has(ClientConnectAttrs) && !maps.Equal(got.Attributes, c.login.attributes) {
				t.Errorf("attributes %v", got.Attributes)
			}
			if hasSwitched := len(c.steps) > 0 && got.Salt != was.Salt; hasSwitched != (len(c.steps) > 0 && c.name != "sha2") {
				t.Error("the salt to keep is not the last one")
			}
		})
	}
}

func TestShortChangeOfUser(t *testing.T) {
	old := append([]byte{ComChangeUser}, "open\x00\x00shop\x00"...)
	l, err := parseChangeUser(old, full, 45)
	if err != nil || l.user != "open" || l.database != "shop" || l.collation != 45 || l.plugin != "" {
		t.Errorf("%+v, %v", l, err)
	}
	l, err = parseChangeUser(append(old, 0x00, 0x09), full, 45) // MariaDB's numbers go further
	if err != nil || l.collation != 0 {
		t.Errorf("%+v, %v", l, err)
	}
	for _, bad := range [][]byte{{}, {ComChangeUser, 'x', 0, 20, 1, 2}, append(old, 45)} {
		if _, err := ChangeUser(nil, bad, 1, acceptConfig(), Agreed{Capabilities: full}); !errors.Is(err, errShort) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// What the client sends behind its answer is not touched.
func TestChangeOfUserReadsNoFurther(t *testing.T) {
	was := Agreed{Capabilities: full, Salt: newSalt()}
	client, server := net.Pipe()
	defer func() { _, _ = client.Close(), server.Close() }()
	go func() {
		var head [HeaderLen]byte
		if _, err := io.ReadFull(client, head[:]); err != nil {
			return
		}
		n, _ := ParseHeader(head[:])
		_, _ = io.CopyN(io.Discard, client, int64(n))
		_, _ = client.Write(append(packetOf(2, native(make([]byte, 20), "x")), "ahead"...))
	}()
	l := login{capabilities: full, user: "calvin", plugin: pluginNative, auth: make([]byte, 20)}
	if _, err := ChangeUser(server, l.changeUser(), 1, acceptConfig(), was); err == nil {
		t.Error("a wrong password is right")
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(server, got); err != nil || string(got) != "ahead" {
		t.Errorf("%q, %v", got, err)
	}
}

// answering gives a client's answers and takes what is sent to it.
type answering struct {
	io.Reader
	io.Writer
}

func FuzzChangeUser(f *testing.F) {
	l := login{capabilities: full | ClientConnectAttrs, user: "calvin", auth: make([]byte, 20), database: "d", plugin: pluginNative, attributes: map[string]string{"a": "b"}}
	for _, caps := range []Capability{full, full | ClientConnectAttrs, legacy, ClientProtocol41, SupportedCapabilities} {
		l.capabilities = caps
		f.Add(l.changeUser(), uint64(caps), packetOf(2, make([]byte, 20)))
	}
	f.Fuzz(func(t *testing.T, payload []byte, caps uint64, answers []byte) {
		was := Agreed{Capabilities: Capability(caps), TLS: caps%3 == 0}
		conn := answering{bytes.NewReader(answers), io.Discard}
		c, err := ChangeUser(conn, payload, 1, acceptConfig(), was)
		if (c == nil) == (err == nil) {
			t.Fatalf("%+v, %v", c, err)
		}
		if c != nil && (c.User != "open" && c.User != "calvin" || c.Capabilities != was.Capabilities) {
			t.Fatalf("%+v of %q", c, payload)
		}
	})
}
