package wire

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// certificate makes one that signs itself, for a server or a client.
func certificate(t testing.TB, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name, Organization: []string{"shop"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func tlsConfig(t testing.TB) AcceptConfig {
	t.Helper()
	cfg := acceptConfig()
	cfg.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, "node")}, MinVersion: tls.VersionTLS12}
	return cfg
}

// withTLS sends a TLS request and goes on over TLS.
func withTLS(t *testing.T, client net.Conn, caps Capability, cfg *tls.Config) *tls.Conn {
	t.Helper()
	secure := tls.Client(&together{Conn: client, first: packetOf(1, login{capabilities: caps | ClientSSL}.payload()[:tlsRequestLen])}, cfg)
	if err := secure.Handshake(); err != nil {
		t.Fatal(err)
	}
	return secure
}

// together sends some bytes in one write with the first that is written.
type together struct {
	net.Conn
	first []byte
}

func (c *together) Write(b []byte) (int, error) {
	n := len(c.first)
	sent, err := c.Conn.Write(append(c.first, b...))
	c.first = nil
	return max(sent-n, 0), err
}

func TestLoginOverTLS(t *testing.T) {
	own := certificate(t, "calvin")
	trusted := x509.NewCertPool()
	trusted.AddCert(own.Leaf)
	for _, c := range []struct {
		name    string
		clients tls.ClientAuthType
		shown   []tls.Certificate
		want    string
	}{
		{"without a certificate", tls.NoClientCert, nil, ""},
		{"one that nobody asked for", tls.NoClientCert, []tls.Certificate{own}, ""},
		{"one that nobody verified", tls.RequestClientCert, []tls.Certificate{own}, ""},
		{"a verified one", tls.RequireAndVerifyClientCert, []tls.Certificate{own}, "CN=calvin,O=shop"},
		{"none where one may be given", tls.VerifyClientCertIfGiven, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := tlsConfig(t)
			cfg.RequireTLS = true
			cfg.TLS.ClientAuth, cfg.TLS.ClientCAs = c.clients, trusted
			client, server, result := accept(t, cfg)
			_, payload := readPacket(t, client)
			g := parseGreeting(t, payload)
			if !g.capabilities.Has(ClientSSL) {
				t.Error("TLS is not offered")
			}
			secure := withTLS(t, client, full, &tls.Config{InsecureSkipVerify: true, Certificates: c.shown})
			l := login{capabilities: full | ClientSSL, user: "calvin", plugin: pluginNative, auth: native(g.salt, "secret")}
			send(t, secure, packetOf(2, l.payload()))
			r := <-result
			if r.err != nil {
				t.Fatal(r.err)
			}
			if r.client.Sequence != 3 || !r.client.TLS || r.client.Certificate != c.want || !r.client.Capabilities.Has(ClientSSL) {
				t.Errorf("%+v", r.client)
			}
			if !server.deadline.IsZero() {
				t.Error("the deadline of the handshake is still set")
			}
			go func() { _, _ = r.client.Conn.Write([]byte("on")) }()
			if got := make([]byte, 2); !both(io.ReadFull(secure, got)) || string(got) != "on" {
				t.Errorf("then %q", got)
			}
		})
	}
}

func both(_ int, err error) bool { return err == nil }

func TestWrongPasswordOverTLSIsToldOverTLS(t *testing.T) {
	client, _, result := accept(t, tlsConfig(t))
	readPacket(t, client)
	secure := withTLS(t, client, full, &tls.Config{InsecureSkipVerify: true})
	send(t, secure, packetOf(2, login{capabilities: full, user: "calvin", plugin: pluginNative}.payload()))
	var denied *AuthError
	if r := <-result; !errors.As(r.err, &denied) || denied.Conn == nil {
		t.Fatalf("%+v, %v", r.client, r.err)
	}
	go func() { _, _ = denied.Conn.Write(AppendErr(nil, denied.Sequence, 1045, "28000", "no")) }()
	if seq, payload := readPacket(t, secure); seq != 3 || payload[0] != markErr {
		t.Errorf("packet %d: %q", seq, payload)
	}
}

func TestTLSThatCannotBe(t *testing.T) {
	required := tlsConfig(t)
	required.RequireTLS = true
	never := acceptConfig()
	never.RequireTLS = true
	request := login{capabilities: full | ClientSSL}.payload()[:tlsRequestLen]
	plain := login{capabilities: full, user: "calvin", plugin: pluginNative}.payload()
	for _, c := range []struct {
		name    string
		cfg     AcceptConfig
		payload []byte
		code    uint16
		state   string
	}{
		{"not offered", acceptConfig(), request, 1043, "08S01"},
		{"required and not used", required, plain, 3159, "HY000"},
		{"required and not offered", never, plain, 3159, "HY000"},
		{"asked for in a clear login", tlsConfig(t), login{capabilities: full | ClientSSL, user: "calvin"}.payload(), 1043, "08S01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, _, result := accept(t, c.cfg)
			readPacket(t, client)
			send(t, client, packetOf(1, c.payload))
			seq, answer := readPacket(t, client)
			if seq != 2 || answer[0] != markErr || int(answer[1])|int(answer[2])<<8 != int(c.code) || string(answer[4:9]) != c.state {
				t.Errorf("packet %d: %q", seq, answer)
			}
			var refused *RefusedError
			if r := <-result; !errors.As(r.err, &refused) || refused.Code != c.code {
				t.Errorf("%+v, %v", r.client, r.err)
			}
		})
	}
}

func TestTLSThatFailsEndsTheHandshake(t *testing.T) {
	needsCertificate := tlsConfig(t)
	needsCertificate.TLS.ClientAuth = tls.RequireAnyClientCert
	t.Run("garbage", func(t *testing.T) {
		client, _, result := accept(t, tlsConfig(t))
		readPacket(t, client)
		go func() {
			_, _ = client.Write(append(packetOf(1, login{capabilities: full | ClientSSL}.payload()[:tlsRequestLen]), bytes.Repeat([]byte("GET /"), 100)...))
		}()
		go func() { _, _ = io.Copy(io.Discard, client) }()
		if r := <-result; r.err == nil || !strings.Contains(r.err.Error(), "TLS handshake") {
			t.Errorf("%+v, %v", r.client, r.err)
		}
	})
	t.Run("no certificate", func(t *testing.T) {
		client, _, result := accept(t, needsCertificate)
		readPacket(t, client)
		secure := withTLS(t, client, full, &tls.Config{InsecureSkipVerify: true})
		go func() { _, _ = io.Copy(io.Discard, secure) }()
		if r := <-result; r.err == nil || !strings.Contains(r.err.Error(), "TLS handshake") {
			t.Errorf("%+v, %v", r.client, r.err)
		}
	})
	t.Run("silence", func(t *testing.T) {
		cfg := tlsConfig(t)
		cfg.Timeout = 20 * time.Millisecond
		client, server, result := accept(t, cfg)
		readPacket(t, client)
		send(t, client, packetOf(1, login{capabilities: full | ClientSSL}.payload()[:tlsRequestLen]))
		if r := <-result; !errors.Is(r.err, os.ErrDeadlineExceeded) || server.deadline.IsZero() {
			t.Errorf("%+v, %v", r.client, r.err)
		}
	})
}
