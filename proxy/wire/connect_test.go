package wire

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// actor plays a server towards Connect. Its first failure ends its play.
type actor struct {
	conn net.Conn
	seq  uint8
	cert *tls.Certificate
	err  error

	asked Capability // of the login
	reply []byte     // the plugin's part of the login
	names string     // what follows it
}

func (a *actor) fail(err error) {
	if a.err == nil && err != nil {
		a.err = err
	}
}

func (a *actor) send(payload ...byte) {
	if a.err == nil {
		_, err := a.conn.Write(packetOf(a.seq, payload))
		a.seq++
		a.fail(err)
	}
}

func (a *actor) read() []byte {
	if a.err != nil {
		return nil
	}
	var head [HeaderLen]byte
	_, err := io.ReadFull(a.conn, head[:])
	length, seq := ParseHeader(head[:])
	payload := make([]byte, length)
	if err == nil {
		_, err = io.ReadFull(a.conn, payload)
	}
	if err == nil && seq != a.seq {
		err = fmt.Errorf("sequence number %d instead of %d", seq, a.seq)
	}
	a.seq = seq + 1
	a.fail(err)
	return payload
}

const (
	actorSalt   = "0123456789abcdefghij"
	otherSalt   = "ABCDEFGHIJ9876543210"
	actorOffers = ClientProtocol41 | ClientSecureConnection | ClientPluginAuth | ClientConnectAttrs |
		ClientConnectWithDB | ClientPluginAuthLenencData | ClientSSL | ClientDeprecateEOF
)

// greet sends a greeting that names that plugin.
func (a *actor) greet(offer Capability, plugin string) {
	payload := append([]byte{10}, "8.4.0-actor\x00\x07\x00\x00\x00"...)
	payload = append(append(payload, actorSalt[:8]...), 0)
	payload = binary.LittleEndian.AppendUint16(payload, uint16(offer))
	payload = append(payload, 255, 2, 0)
	payload = binary.LittleEndian.AppendUint16(payload, uint16(offer>>16))
	payload = append(payload, 21, 0, 0, 0, 0, 0, 0)
	payload = binary.LittleEndian.AppendUint32(payload, uint32(offer>>32))
	payload = append(append(payload, actorSalt[8:]...), 0)
	a.send(append(append(payload, plugin...), 0)...)
}

// login reads the login, after changing to TLS where the client asks for it.
func (a *actor) login() {
	payload := a.read()
	if len(payload) == 32 {
		secure := tls.Server(a.conn, &tls.Config{Certificates: []tls.Certificate{*a.cert}})
		a.fail(secure.Handshake())
		a.conn = secure
		head := payload
		if payload = a.read(); !bytes.HasPrefix(payload, head) {
			a.fail(errors.New("the login differs from the request for TLS"))
		}
	}
	r := reader{b: payload}
	a.asked = Capability(r.uint32())
	r.skip(4 + 1 + 19)
	a.asked |= Capability(r.uint32()) << 32
	r.text()
	a.reply = r.lenencBytes()
	a.names = string(r.b)
	if r.bad {
		a.fail(fmt.Errorf("login %q", payload))
	}
}

// expect reads an answer of a plugin.
func (a *actor) expect(want []byte) {
	if got := a.read(); a.err == nil && !bytes.Equal(got, want) {
		a.fail(fmt.Errorf("answer %q instead of %q", got, want))
	}
}

func (a *actor) switchTo(plugin, salt string) {
	a.send([]byte("\xfe" + plugin + "\x00" + salt + "\x00")...)
}

func (a *actor) ok() { a.send(0, 0, 0, 2, 0, 0, 0) }

// playing connects to an actor and returns what came of it; the actor's own
// failure fails the test.
func playing(t *testing.T, cfg ConnectConfig, play func(a *actor)) (*Peer, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	deadline := time.Now().Add(waitTime)
	if err := errors.Join(ours.SetDeadline(deadline), theirs.SetDeadline(deadline)); err != nil {
		t.Fatal(err)
	}
	a := &actor{conn: theirs, cert: selfMade(t)}
	played := make(chan struct{})
	go func() {
		defer close(played)
		play(a)
	}()
	peer, err := Connect(ours, cfg)
	_ = ours.Close()
	<-played
	_ = theirs.Close()
	if a.err != nil {
		t.Fatalf("the server's side: %v; ours: %v", a.err, err)
	}
	return peer, err
}

func selfMade(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	plan := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "actor"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, plan, plan, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func actorConfig() ConnectConfig {
	return ConnectConfig{User: "u", Password: "secret", Collation: 224, Capabilities: ClientDeprecateEOF}
}

// blind is TLS with a server of which nothing is known.
var blind = &tls.Config{InsecureSkipVerify: true}

func TestConnectProvesThePassword(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := append([]byte{markMoreData}, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})...)
	decrypts := func(a *actor, salt string) {
		secret, err := rsa.DecryptOAEP(sha1.New(), nil, key, a.read(), nil)
		a.fail(err)
		for i := range secret {
			secret[i] ^= salt[i%len(salt)]
		}
		if string(secret) != "secret\x00" {
			a.fail(fmt.Errorf("encrypted: %q", secret))
		}
	}
	replies := func(a *actor, want []byte) {
		if a.err == nil && !bytes.Equal(a.reply, want) {
			a.fail(fmt.Errorf("login with %q instead of %q", a.reply, want))
		}
	}
	sha2 := func(salt string) []byte { return cachingSHA2([]byte(salt), "secret") }
	nonce := strings.Repeat("n", 31) + "\x00"
	signature, err := mysql.CalcEd25519Password([]byte(nonce), "secret")
	if err != nil {
		t.Fatal(err)
	}
	const cachingSHA2Name, sha256Name, clearName = "caching_sha2_password", "sha256_password", "mysql_clear_password"

	for _, test := range []struct {
		name   string
		plugin string // of the greeting
		tls    *tls.Config
		empty  bool // password
		play   func(a *actor)
	}{
		{"native", pluginNative, nil, false, func(a *actor) { replies(a, native([]byte(actorSalt), "secret")) }},
		{"native without a password", pluginNative, nil, true, func(a *actor) { replies(a, nil) }},
		{"native over TLS", pluginNative, blind, false, func(a *actor) { replies(a, native([]byte(actorSalt), "secret")) }},
		{"native again with another salt", pluginNative, nil, false, func(a *actor) {
			a.switchTo(pluginNative, otherSalt)
			a.expect(native([]byte(otherSalt), "secret"))
		}},
		{"caching fast", cachingSHA2Name, nil, false, func(a *actor) {
			replies(a, sha2(actorSalt))
			a.send(markMoreData, 3)
		}},
		{"caching without a password", cachingSHA2Name, nil, true, func(a *actor) { replies(a, nil) }},
		{"caching full over TLS", cachingSHA2Name, blind, false, func(a *actor) {
			replies(a, sha2(actorSalt))
			a.send(markMoreData, 4)
			a.expect([]byte("secret\x00"))
		}},
		{"caching full by key", cachingSHA2Name, nil, false, func(a *actor) {
			a.send(markMoreData, 4)
			a.expect([]byte{2})
			a.send(public...)
			decrypts(a, actorSalt)
		}},
		{"native to caching, full by key", pluginNative, nil, false, func(a *actor) {
			a.switchTo(cachingSHA2Name, otherSalt)
			a.expect(sha2(otherSalt))
			a.send(markMoreData, 4)
			a.expect([]byte{2})
			a.send(public...)
			decrypts(a, otherSalt)
		}},
		{"caching to native", cachingSHA2Name, nil, false, func(a *actor) {
			a.switchTo(pluginNative, otherSalt)
			a.expect(native([]byte(otherSalt), "secret"))
		}},
		{"sha256 over TLS", sha256Name, blind, false, func(a *actor) { replies(a, []byte("secret\x00")) }},
		{"sha256 by key", sha256Name, nil, false, func(a *actor) {
			replies(a, []byte{1})
			a.send(public...)
			decrypts(a, actorSalt)
		}},
		{"sha256 without a password", sha256Name, nil, true, func(a *actor) { replies(a, []byte{0}) }},
		{"sha256 to caching forgets the key", sha256Name, nil, false, func(a *actor) {
			a.switchTo(cachingSHA2Name, otherSalt)
			a.expect(sha2(otherSalt))
			a.send(markMoreData, 3)
		}},
		{"clear over TLS is asked for first", clearName, blind, false, func(a *actor) {
			replies(a, native([]byte(actorSalt), "secret"))
			a.switchTo(clearName, "")
			a.expect([]byte("secret\x00"))
		}},
		{"ed25519", pluginNative, nil, false, func(a *actor) {
			a.send([]byte("\xfeclient_ed25519\x00" + nonce)...)
			a.expect(signature)
		}},
		{"a default plugin that we lack", "authentication_kerberos", nil, false, func(a *actor) {
			replies(a, native([]byte(actorSalt), "secret"))
			a.switchTo(cachingSHA2Name, otherSalt)
			a.expect(sha2(otherSalt))
			a.send(markMoreData, 3)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := actorConfig()
			cfg.TLS = test.tls
			if test.empty {
				cfg.Password = ""
			}
			peer, err := playing(t, cfg, func(a *actor) {
				a.greet(actorOffers, test.plugin)
				a.login()
				test.play(a)
				a.ok()
			})
			if err != nil {
				t.Fatal(err)
			}
			if peer.ThreadID != 7 || peer.Status != StatusAutocommit || peer.Greeting.Version != "8.4.0-actor" || peer.Greeting.Collation != 255 {
				t.Errorf("%+v", peer)
			}
		})
	}
}

func TestConnectRefusesToProve(t *testing.T) {
	for _, test := range []struct {
		name string
		play func(a *actor)
		want error
		says string
	}{
		{"the password in the clear", func(a *actor) { a.switchTo("mysql_clear_password", "") }, ErrAuthMethod, "over TLS only"},
		{"the form before 4.1", func(a *actor) { a.send(markEOF) }, ErrAuthMethod, "before 4.1"},
		{"a plugin that we lack", func(a *actor) { a.switchTo("dialog", "x") }, ErrAuthMethod, "dialog"},
		{"another factor", func(a *actor) { a.send([]byte("\x02webauthn\x00")...) }, ErrAuthMethod, "factor"},
		{"a short salt", func(a *actor) { a.switchTo(pluginNative, "short") }, ErrNoServer, "5 bytes"},
		{"an unknown answer", func(a *actor) { a.send(0x77) }, ErrNoServer, "0x77"},
		{"data that no plugin waits for", func(a *actor) { a.send(markMoreData, 3) }, ErrNoServer, pluginNative},
		{"half an OK", func(a *actor) { a.send(markOK, 0) }, ErrNoServer, "OK packet"},
		{"half an error", func(a *actor) { a.send(markErr, 1) }, ErrNoServer, "error packet"},
		{"a broken key", func(a *actor) {
			a.switchTo("sha256_password", otherSalt)
			a.expect([]byte{1})
			a.send(markMoreData, 'x')
		}, ErrNoServer, "key"},
		{"no end", func(a *actor) {
			for range maxAuthSteps {
				a.switchTo(pluginNative, otherSalt)
				a.expect(native([]byte(otherSalt), "secret"))
			}
		}, ErrNoServer, "does not end"},
		{"a packet beyond the bound", func(a *actor) {
			_, err := a.conn.Write([]byte{0xff, 0xff, 0, a.seq})
			a.fail(err)
		}, ErrNoServer, "packet of 65535 bytes"},
		{"a wrong sequence number", func(a *actor) { a.seq += 3; a.ok() }, ErrNoServer, "sequence"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := playing(t, actorConfig(), func(a *actor) {
				a.greet(actorOffers, pluginNative)
				a.login()
				test.play(a)
			})
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v; want %v that says %q", err, test.want, test.says)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
}

func TestConnectPassesOnWhatTheServerSays(t *testing.T) {
	_, err := playing(t, actorConfig(), func(a *actor) {
		a.greet(actorOffers, pluginNative)
		a.login()
		a.send([]byte("\xff\x15\x04#28000Access denied")...)
	})
	var refused *ServerError
	if !errors.As(err, &refused) || *refused != (ServerError{Code: 1045, State: "28000", Message: "Access denied"}) {
		t.Errorf("%v", err)
	}
}

func TestConnectWithoutTLSWhereItIsRequired(t *testing.T) {
	cfg := actorConfig()
	cfg.TLS = blind
	_, err := playing(t, cfg, func(a *actor) {
		a.greet(actorOffers&^ClientSSL, pluginNative)
		if rest, err := io.ReadAll(a.conn); err != nil || len(rest) > 0 {
			a.fail(fmt.Errorf("the client sent %q, %v", rest, err))
		}
	})
	if !errors.Is(err, ErrNoTLS) {
		t.Errorf("%v", err)
	}
}

func TestConnectStopsAtGreeting(t *testing.T) {
	reason := errors.New("reason")
	cfg := actorConfig()
	cfg.Greeted = func(g Greeting) error {
		if g.Capabilities != actorOffers|MariadbProgress {
			t.Errorf("greeted with %s", g.Capabilities)
		}
		return reason
	}
	_, err := playing(t, cfg, func(a *actor) {
		a.greet(actorOffers|MariadbProgress, pluginNative)
		if rest, err := io.ReadAll(a.conn); err != nil || len(rest) > 0 {
			a.fail(fmt.Errorf("the client sent %q, %v", rest, err))
		}
	})
	if err != reason {
		t.Errorf("%v", err)
	}
}

func TestConnectAsksForWhatBothSidesHave(t *testing.T) {
	const login = ClientProtocol41 | ClientSecureConnection | ClientPluginAuth | ClientConnectAttrs | ClientPluginAuthLenencData
	for _, test := range []struct {
		name       string
		offer, ask Capability
		database   string
		want       Capability
	}{
		{"nothing more", actorOffers, 0, "", login},
		{"what is offered", actorOffers, ClientDeprecateEOF | ClientFoundRows, "", login | ClientDeprecateEOF},
		{"a database", actorOffers, 0, "d", login | ClientConnectWithDB},
		{"never compression", actorOffers | ClientCompress | ClientZstdCompression, ClientCompress | ClientZstdCompression, "", login},
		{"extended", actorOffers | MariadbProgress | MariadbCacheMetadata, MariadbCacheMetadata, "", login | MariadbCacheMetadata},
		{"extended bytes of a server that has none", actorOffers | ClientLongPassword | MariadbProgress, MariadbProgress, "", login | ClientLongPassword},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := actorConfig()
			cfg.Capabilities, cfg.Database = test.ask, test.database
			cfg.Attributes = map[string]string{"b": "2", "a": "1"}
			peer, err := playing(t, cfg, func(a *actor) {
				a.greet(test.offer, pluginNative)
				a.login()
				want := pluginNative + "\x00" + "\x1d" + "\x0cprogram_name\x07mysqlda" + "\x01a\x011\x01b\x012"
				if test.database != "" {
					want = test.database + "\x00" + want
				}
				if a.asked != test.want || a.names != want {
					a.fail(fmt.Errorf("asked for %s, not %s; %q, not %q", a.asked, test.want, a.names, want))
				}
				a.ok()
			})
			if err == nil && peer.Capabilities != test.want {
				t.Errorf("agreed on %s", peer.Capabilities)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// replay is a connection that has been recorded. What is written to it is lost.
type replay struct {
	net.Conn
	from *bytes.Reader
}

func (s replay) Read(b []byte) (int, error)  { return s.from.Read(b) }
func (s replay) Write(b []byte) (int, error) { return len(b), nil }

// hostile are the packets of a server in a row.
func hostile(plugin string, packets ...string) []byte {
	var recorded bytes.Buffer
	a := &actor{conn: recorder{&recorded}}
	a.greet(actorOffers, plugin)
	a.seq++
	for _, p := range packets {
		a.send([]byte(p)...)
		a.seq++
	}
	return recorded.Bytes()
}

type recorder struct{ io.Writer }

func (recorder) Read([]byte) (int, error)         { return 0, io.EOF }
func (recorder) Close() error                     { return nil }
func (recorder) LocalAddr() net.Addr              { return nil }
func (recorder) RemoteAddr() net.Addr             { return nil }
func (recorder) SetDeadline(time.Time) error      { return nil }
func (recorder) SetReadDeadline(time.Time) error  { return nil }
func (recorder) SetWriteDeadline(time.Time) error { return nil }

func FuzzConnect(f *testing.F) {
	const okPayload, beyond = "\x00\x00\x00\x02\x00\x00\x00", "beyond"
	f.Add(hostile(pluginNative, okPayload))
	f.Add(hostile("caching_sha2_password", "\x01\x03", okPayload))
	f.Add(hostile("caching_sha2_password", "\x01\x04", "\x01-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"))
	f.Add(hostile(pluginNative, "\xfeclient_ed25519\x00"+strings.Repeat("n", 32), okPayload))
	f.Add(packetOf(0, []byte("\xff\x10\x04#08004Too many connections")))
	f.Fuzz(func(t *testing.T, b []byte) {
		all := append(bytes.Clone(b), beyond...)
		from := bytes.NewReader(all)
		peer, err := Connect(replay{from: from}, actorConfig())
		if err != nil {
			return
		}
		end := 0
		for taken := len(all) - from.Len(); end < taken; {
			length, _ := ParseHeader(all[end:])
			end += HeaderLen + length
		}
		if peer == nil || end != len(all)-from.Len() {
			t.Error("what was read does not end where a packet does")
		}
	})
}

func FuzzReadRow(f *testing.F) {
	f.Add(uint64(ClientDeprecateEOF), slicesOf(packetOf(1, []byte{2}), packetOf(2, []byte("c")), packetOf(3, []byte("c")), packetOf(4, []byte("\x01a\xfb")), packetOf(5, []byte{0xfe, 0, 0, 2, 0, 0, 0})))
	f.Add(uint64(MariadbCacheMetadata), slicesOf(packetOf(1, []byte{2, 0}), packetOf(2, []byte{0xfe, 0, 0, 2, 0}), packetOf(3, []byte("\x01a\x00")), packetOf(4, []byte{0xfe, 0, 0, 2, 0})))
	f.Add(uint64(ClientOptionalResultsetMetadata), slicesOf(packetOf(1, []byte{2, 0}), packetOf(2, []byte{0xfe, 0, 0, 2, 0}), packetOf(3, []byte("\x01a\x00")), packetOf(4, []byte{0xfe, 0, 0, 2, 0})))
	f.Fuzz(func(t *testing.T, caps uint64, b []byte) {
		row, err := ReadRow(bytes.NewReader(b), Capability(caps), 2)
		if (err == nil) != (len(row) == 2) {
			t.Errorf("%q, %v", row, err)
		}
	})
}

func slicesOf(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestReadRowReadsOneRow(t *testing.T) {
	eof := []byte{0xfe, 0, 0, 2, 0}
	for _, test := range []struct {
		name    string
		caps    Capability
		packets [][]byte
		want    string
	}{
		{"with EOF", 0, [][]byte{{2}, []byte("c"), []byte("c"), eof, []byte("\x01a\xfb"), eof}, `["a" nil]`},
		{"without EOF", ClientDeprecateEOF, [][]byte{{2}, []byte("c"), []byte("c"), []byte("\x00\x01b"), eof}, `["" "b"]`},
		{"optional metadata", ClientOptionalResultsetMetadata | ClientDeprecateEOF, [][]byte{{2, 0}, []byte("\x01a\x01b"), eof}, `["a" "b"]`},
		{"optional metadata that came", ClientOptionalResultsetMetadata | ClientDeprecateEOF, [][]byte{{2, 1}, []byte("c"), []byte("c"), []byte("\x01a\x01b"), eof}, `["a" "b"]`},
		{"cached metadata", MariadbCacheMetadata | ClientDeprecateEOF, [][]byte{{2, 0}, []byte("\x01a\x01b"), eof}, `["a" "b"]`},
		{"cached metadata that came", MariadbCacheMetadata | ClientDeprecateEOF, [][]byte{{2, 1}, []byte("c"), []byte("c"), []byte("\x01a\x01b"), eof}, `["a" "b"]`},
		{"no row", ClientDeprecateEOF, [][]byte{{2}, []byte("c"), []byte("c"), eof}, "no row"},
		{"two rows", ClientDeprecateEOF, [][]byte{{2}, []byte("c"), []byte("c"), []byte("\x01a\x01b"), []byte("\x01a\x01b"), eof}, "more than one row"},
		{"another count", ClientDeprecateEOF, [][]byte{{3}}, "3 columns instead of 2"},
		{"no result", ClientDeprecateEOF, [][]byte{{0, 0, 0, 2, 0, 0, 0}}, "0 columns instead of 2"},
		{"a value beyond the packet", ClientDeprecateEOF, [][]byte{{2}, []byte("c"), []byte("c"), []byte("\x01a\x09b"), eof}, "broken row"},
		{"a refusal", 0, [][]byte{[]byte("\xff\x19\x05#42000no function")}, "1305 (42000): no function"},
		{"a refusal in the middle", 0, [][]byte{{2}, []byte("c"), []byte("c"), eof, []byte("\xff\x19\x05#42000no function")}, "1305 (42000): no function"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b []byte
			for i, p := range test.packets {
				b = append(b, packetOf(uint8(i+1), p)...)
			}
			from := bytes.NewReader(append(b, "beyond"...))
			row, err := ReadRow(from, test.caps, 2)
			got := fmt.Sprint(err)
			if err == nil {
				got = fmt.Sprintf("%q", row)
				if row[1] == nil {
					got = strings.Replace(got, ` ""]`, ` nil]`, 1)
				}
				if from.Len() != len("beyond") {
					t.Errorf("%d bytes behind the row were read", len("beyond")-from.Len())
				}
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
