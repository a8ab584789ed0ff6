package wire

import (
	"bytes"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// conversation is a login, and then for each packet of the server's the packet
// that the client answers with; nil: it answers nothing.
type conversation struct {
	plugin string
	auth   func(salt []byte) []byte
	steps  []func(t *testing.T, payload []byte) (answer []byte)
}

// switched expects a switch to the plugin and answers it.
func switched(plugin string, answer func(salt []byte) []byte) func(*testing.T, []byte) []byte {
	return func(t *testing.T, payload []byte) []byte {
		salt, ok := bytes.CutPrefix(payload, append([]byte{markEOF}, plugin+"\x00"...))
		if !ok {
			t.Fatalf("switch to %s: %q", plugin, payload)
		}
		return answer(salt)
	}
}

// told expects that payload.
func told(want []byte, answer []byte) func(*testing.T, []byte) []byte {
	return func(t *testing.T, payload []byte) []byte {
		if !bytes.Equal(payload, want) {
			t.Fatalf("%q instead of %q", payload, want)
		}
		return answer
	}
}

func TestPluginsOfManySteps(t *testing.T) {
	const password = "secret"
	key := new(PasswordKey)
	none := func([]byte) []byte { return nil }
	wrongScramble := func(salt []byte) []byte { return cachingSHA2(salt, "wrong") }
	clear := func(p string) func([]byte) []byte { return func([]byte) []byte { return append([]byte(p), 0) } }
	signed := func(p string) func([]byte) []byte {
		return func(salt []byte) []byte {
			out, err := mysql.CalcEd25519Password(salt, p)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
	}
	full4, fast := []byte{markMoreData, fullAuth}, told([]byte{markMoreData, fastAuthDone}, nil)
	// encrypted answers the public key with the password.
	encrypted := func(salt *[]byte, p string) func(*testing.T, []byte) []byte {
		return func(t *testing.T, payload []byte) []byte {
			block, _ := pem.Decode(payload[1:])
			if block == nil || payload[0] != markMoreData {
				t.Fatalf("public key %q", payload)
			}
			public, err := x509.ParsePKIXPublicKey(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			out, err := mysql.EncryptPassword(p, *salt, public.(*rsa.PublicKey))
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
	}
	var salt []byte
	remembered := func(s []byte) []byte { salt = bytes.Clone(s[:saltLen]); return wrongScramble(salt) }
	type step = func(*testing.T, []byte) []byte
	for _, c := range []struct {
		name  string
		tls   bool
		user  string
		talk  conversation
		right bool
		none  bool // no password was used
	}{
		{name: "clear", tls: true, talk: conversation{pluginClear, clear(password), nil}, right: true},
		{name: "clear, older of two", tls: true, user: "rotating", talk: conversation{pluginClear, clear("older"), nil}, right: true},
		{name: "ed25519, older of two", user: "rotating", talk: conversation{pluginEd25519, none, []step{switched(pluginEd25519, signed("older"))}}, right: true},
		{name: "sha2 over TLS, wrong scramble, older of two", tls: true, user: "rotating", talk: conversation{pluginCachingSHA2, wrongScramble, []step{told(full4, []byte("older\x00"))}}, right: true},
		{name: "clear, wrong", tls: true, talk: conversation{pluginClear, clear("secret2"), nil}},
		{name: "clear, unknown user", tls: true, user: "nobody", talk: conversation{pluginClear, clear(password), nil}},
		{name: "clear, empty", tls: true, talk: conversation{pluginClear, clear(""), nil}, none: true},
		{name: "clear, no password", tls: true, user: "open", talk: conversation{pluginClear, clear(""), nil}, right: true},
		{name: "clear, asked for", tls: true, talk: conversation{pluginClear, none, []step{switched(pluginClear, clear(password))}}, right: true},
		{name: "clear, not without TLS", talk: conversation{pluginClear, clear(password), []step{switched(pluginNative, func(s []byte) []byte { return native(s[:saltLen], password) })}}, right: true},
		{name: "ed25519", talk: conversation{pluginEd25519, none, []step{switched(pluginEd25519, signed(password))}}, right: true},
		{name: "ed25519, answered at once", talk: conversation{pluginEd25519, signed(password), []step{switched(pluginEd25519, signed(password))}}, right: true},
		{name: "ed25519, wrong", talk: conversation{pluginEd25519, none, []step{switched(pluginEd25519, signed("x"))}}},
		{name: "ed25519, unknown user", user: "nobody", talk: conversation{pluginEd25519, none, []step{switched(pluginEd25519, signed(password))}}},
		{name: "ed25519, short", talk: conversation{pluginEd25519, none, []step{switched(pluginEd25519, clear("x"))}}},
		{name: "ed25519, nothing", talk: conversation{pluginEd25519, none, []step{switched(pluginEd25519, none)}}, none: true},
		{name: "ed25519, no password", user: "open", talk: conversation{pluginEd25519, none, []step{switched(pluginEd25519, signed(""))}}, right: true},
		{name: "sha2 over TLS", tls: true, talk: conversation{pluginCachingSHA2, func(s []byte) []byte { return cachingSHA2(s, password) }, []step{fast}}, right: true},
		{name: "sha2 over TLS, wrong scramble, right password", tls: true, talk: conversation{pluginCachingSHA2, wrongScramble, []step{told(full4, append([]byte(password), 0))}}, right: true},
		{name: "sha2 over TLS, wrong", tls: true, talk: conversation{pluginCachingSHA2, wrongScramble, []step{told(full4, []byte("wrong\x00"))}}},
		{name: "sha2 over TLS, unknown user", tls: true, user: "nobody", talk: conversation{pluginCachingSHA2, wrongScramble, []step{told(full4, []byte("wrong\x00"))}}},
		{name: "sha2, wrong scramble, right password", talk: conversation{pluginCachingSHA2, remembered, []step{told(full4, []byte{askKey}), encrypted(&salt, password)}}, right: true},
		{name: "sha2, wrong", talk: conversation{pluginCachingSHA2, remembered, []step{told(full4, []byte{askKey}), encrypted(&salt, "wrong")}}},
		{name: "sha2, unknown user", user: "nobody", talk: conversation{pluginCachingSHA2, remembered, []step{told(full4, []byte{askKey}), encrypted(&salt, password)}}},
		{name: "sha2, not encrypted", talk: conversation{pluginCachingSHA2, remembered, []step{told(full4, append([]byte(password), 0))}}},
		{name: "sha2, encrypted for nobody", talk: conversation{pluginCachingSHA2, remembered, []step{told(full4, []byte{askKey}), func(*testing.T, []byte) []byte { return make([]byte, 256) }}}},
		{name: "sha2 behind a switch", talk: conversation{pluginCachingSHA2, none, []step{switched(pluginCachingSHA2, remembered), told(full4, []byte{askKey}), encrypted(&salt, password)}}, right: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := acceptConfig()
			caps := full
			if c.tls {
				cfg = tlsConfig(t)
				caps |= ClientSSL
			}
			cfg.PasswordKey = key
			var client net.Conn
			client, _, result := accept(t, cfg)
			_, payload := readPacket(t, client)
			g := parseGreeting(t, payload)
			seq := uint8(1)
			if c.tls {
				client = withTLS(t, client, full, &tls.Config{InsecureSkipVerify: true})
				seq = 2
			}
			user := c.user
			if user == "" {
				user = "calvin"
			}
			send(t, client, packetOf(seq, login{capabilities: caps, user: user, plugin: c.talk.plugin, auth: c.talk.auth(g.salt)}.payload()))
			seq++
			for i, step := range c.talk.steps {
				got, payload := readPacket(t, client)
				if got != seq {
					t.Fatalf("step %d: packet %d instead of %d", i, got, seq)
				}
				seq++
				answer := step(t, payload)
				if payload[0] == markMoreData && payload[1] == fastAuthDone {
					continue
				}
				send(t, client, packetOf(seq, answer))
				seq++
			}
			r := <-result
			var denied *AuthError
			switch {
			case c.right && (r.err != nil || r.client.Sequence != seq):
				t.Errorf("%+v, %v", r.client, r.err)
			case !c.right && (!errors.As(r.err, &denied) || denied.Sequence != seq || denied.UsingPassword == c.none || denied.User != user):
				t.Errorf("%+v, %v", r.client, r.err)
			}
		})
	}
}

// A client that cannot encrypt its password hangs up: what was wrong is the
// password.
func TestClientThatGivesUpWasDenied(t *testing.T) {
	cfg := acceptConfig()
	cfg.PasswordKey = new(PasswordKey)
	client, _, result := accept(t, cfg)
	_, payload := readPacket(t, client)
	send(t, client, packetOf(1, login{capabilities: full, user: "calvin", plugin: pluginCachingSHA2, auth: cachingSHA2(parseGreeting(t, payload).salt, "x")}.payload()))
	readPacket(t, client)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	var denied *AuthError
	if r := <-result; !errors.As(r.err, &denied) {
		t.Errorf("%+v, %v", r.client, r.err)
	}
}

func TestGreetingMayNameTheOtherPlugin(t *testing.T) {
	for _, c := range []struct {
		name, plugin string
		auth         func(salt []byte, password string) []byte
		steps        []func(*testing.T, []byte) []byte
	}{
		{"its own", pluginCachingSHA2, cachingSHA2, []func(*testing.T, []byte) []byte{told([]byte{markMoreData, fastAuthDone}, nil)}},
		{"native", pluginNative, native, nil},
		{
			"native, waits to be asked", pluginNative, func([]byte, string) []byte { return nil },
			[]func(*testing.T, []byte) []byte{switched(pluginNative, func(s []byte) []byte { return native(s[:saltLen], "secret") })},
		},
		{
			"unknown", "dialog", func([]byte, string) []byte { return nil },
			[]func(*testing.T, []byte) []byte{switched(pluginCachingSHA2, func(s []byte) []byte { return cachingSHA2(s[:saltLen], "secret") }), told([]byte{markMoreData, fastAuthDone}, nil)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := acceptConfig()
			cfg.Plugin = pluginCachingSHA2
			client, _, result := accept(t, cfg)
			_, payload := readPacket(t, client)
			g := parseGreeting(t, payload)
			if g.plugin != pluginCachingSHA2 {
				t.Errorf("greeting names %s", g.plugin)
			}
			send(t, client, packetOf(1, login{capabilities: full, user: "calvin", plugin: c.plugin, auth: c.auth(g.salt, "secret")}.payload()))
			for _, step := range c.steps {
				seq, payload := readPacket(t, client)
				if answer := step(t, payload); answer != nil {
					send(t, client, packetOf(seq+1, answer))
				}
			}
			if r := <-result; r.err != nil {
				t.Error(r.err)
			}
		})
	}
}
