package daemon

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

func configured(t *testing.T, cfg *config.Config) dataPath {
	t.Helper()
	path, err := configureDataPath(cfg, "n1", zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDataPathGetsEveryBound(t *testing.T) {
	prefixes := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	got := configured(t, &config.Config{
		Server: config.Server{Listen: "127.0.0.1:1", ProxyProtocolFrom: prefixes},
		TLS:    config.ClientTLS{Mode: config.TLSOff},
		Limits: config.Limits{
			MaxSessions: 1, MaxSessionsPerUser: 2, MaxSessionsPerLibrary: 3, HandshakeTimeout: 4,
			IdleTimeout: 5, StallTimeout: 9, AcquireTimeout: 6, ParkAfter: 7, MaxAllowedPacket: 8,
		},
		Backend: config.Backend{
			MaxConnections: 1, MaxIdle: 2, MaxWaiting: 3, WaitTimeout: 4, DialTimeout: 5, ResetTimeout: 6, ProbeInterval: 7, ProbeTimeout: 8,
		},
	})
	want := dataPath{
		backend: backend.Config{
			MaxPerServer: 1, MaxIdlePerServer: 2, MaxWaitingPerServer: 3, WaitTimeout: 4, DialTimeout: 5, ResetTimeout: 6, ProbeInterval: 7, ProbeTimeout: 8,
		},
		proxy: proxy.Config{
			ProxyProtocolFrom: prefixes, MaxSessions: 1, MaxSessionsPerUser: 2, MaxSessionsPerLibrary: 3, HandshakeTimeout: 4,
			IdleTimeout: 5, StallTimeout: 9, AcquireTimeout: 6, ParkAfter: 7, MaxAllowedPacket: 8,
		},
		servers: got.servers,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\ngot  %+v\nwant %+v", got, want)
	}
	if s := got.servers; s.MinVersion != tls.VersionTLS12 || s.RootCAs != nil || s.GetClientCertificate != nil || s.InsecureSkipVerify {
		t.Errorf("for servers: %+v", s)
	}
}

func TestSessionsThatAreNeverParked(t *testing.T) {
	got := configured(t, &config.Config{TLS: config.ClientTLS{Mode: config.TLSOff}, Limits: config.Limits{ParkAfter: 0}})
	if got.proxy.ParkAfter >= 0 { // 0 is the data path's default
		t.Errorf("got %s", got.proxy.ParkAfter)
	}
}

// shake makes a TLS connection and returns the names of the certificates that the
// client has shown, and what went wrong on either side.
func shake(t *testing.T, client, server *tls.Config) (names []string, clientErr, serverErr error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // a net.Pipe has no buffer for alerts
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	if err := errors.Join(a.SetDeadline(deadline), b.SetDeadline(deadline)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	conn := tls.Server(b, server)
	go func() {
		err := conn.Handshake()
		if err == nil {
			_, err = conn.Write([]byte{1}) // a client of TLS 1.3 hears of a refusal only when it reads
		}
		done <- errors.Join(err, b.Close())
	}()
	c := tls.Client(a, client)
	clientErr = c.Handshake()
	if clientErr == nil {
		_, clientErr = c.Read(make([]byte, 1))
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	serverErr = <-done
	for _, certificate := range conn.ConnectionState().PeerCertificates {
		names = append(names, certificate.Subject.CommonName)
	}
	return names, clientErr, serverErr
}

func TestClientsSeeTheSelfMadeCertificate(t *testing.T) {
	cfg := &config.Config{
		Server: config.Server{Listen: "0.0.0.0:1"},
		Node:   config.Node{DataDir: t.TempDir(), Advertise: "db.example.com"},
		TLS:    config.ClientTLS{Mode: config.TLSOptional, ClientCertificates: config.TLSOff},
	}
	path := configured(t, cfg)
	if path.proxy.RequireTLS {
		t.Error("TLS is required")
	}
	trusted, err := authorities(filepath.Join(cfg.Node.DataDir, "tls", "server.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "n1", "db.example.com", "127.0.0.1"} {
		if _, c, s := shake(t, &tls.Config{RootCAs: trusted, ServerName: name}, path.proxy.TLS); c != nil || s != nil {
			t.Errorf("%s: client %v, server %v", name, c, s)
		}
	}
	if _, c, _ := shake(t, &tls.Config{RootCAs: trusted, ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, path.proxy.TLS); c == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if again := configured(t, cfg); again.proxy.TLS == nil {
		t.Error("after a restart there is no TLS")
	} else if _, c, s := shake(t, &tls.Config{RootCAs: trusted, ServerName: "localhost"}, again.proxy.TLS); c != nil || s != nil {
		t.Errorf("after a restart it has another certificate: client %v, server %v", c, s)
	}
}

func TestClientCertificatesAreAskedForAsTheFileSays(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name+".pem") }
	for _, name := range []string{"server", "friend", "stranger"} {
		writePair(t, name, time.Now(), file(name))
	}
	trusted, err := authorities(file("server"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mode    config.TLSUse
		shows   string
		ok      bool
		arrives bool
	}{
		{config.TLSOff, "", true, false},
		{config.TLSOff, "stranger", true, false},
		{config.TLSOptional, "", true, false},
		{config.TLSOptional, "friend", true, true},
		{config.TLSOptional, "stranger", false, false},
		{config.TLSRequired, "", false, false},
		{config.TLSRequired, "friend", true, true},
		{config.TLSRequired, "stranger", false, false},
	} {
		path := configured(t, &config.Config{
			Server: config.Server{Listen: "127.0.0.1:1"},
			TLS: config.ClientTLS{
				Mode: config.TLSRequired, Cert: file("server"), Key: file("server"),
				ClientCA: file("friend"), ClientCertificates: c.mode,
			},
		})
		if !path.proxy.RequireTLS {
			t.Error("TLS is not required")
		}
		// The client is as tlsForServers makes one: it shows what it has.
		client := &tls.Config{}
		if c.shows != "" {
			if client, err = tlsForServers(config.Backend{TLSCert: file(c.shows), TLSKey: file(c.shows)}, zap.NewNop()); err != nil {
				t.Fatal(err)
			}
		}
		client.RootCAs, client.ServerName = trusted, "server"
		names, clientErr, serverErr := shake(t, client, path.proxy.TLS)
		if ok := clientErr == nil && serverErr == nil; ok != c.ok {
			t.Errorf("%+v: client %v, server %v", c, clientErr, serverErr)
		}
		if arrives := len(names) == 1 && names[0] == c.shows; arrives != c.arrives {
			t.Errorf("%+v: the server sees %q", c, names)
		}
	}
}

func TestServersAreVerifiedWithTheFilesAuthorities(t *testing.T) {
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	writePair(t, "db1", time.Now(), ca)
	pair, err := tls.LoadX509KeyPair(ca, ca)
	if err != nil {
		t.Fatal(err)
	}
	for file, ok := range map[string]bool{ca: true, "": false} {
		client, err := tlsForServers(config.Backend{TLSCA: file}, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		client.ServerName = "db1"
		if _, c, _ := shake(t, client, &tls.Config{Certificates: []tls.Certificate{pair}}); (c == nil) != ok {
			t.Errorf("authorities %q: %v", file, c)
		}
	}
}

func TestCertificatesThatCannotBeReadAreToldWithTheirKeys(t *testing.T) {
	dir := t.TempDir()
	good, empty, missing := filepath.Join(dir, "good.pem"), filepath.Join(dir, "empty.pem"), filepath.Join(dir, "missing.pem")
	writePair(t, "good", time.Now(), good)
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tls     config.ClientTLS
		backend config.Backend
		want    string
	}{
		{config.ClientTLS{Cert: missing, Key: good}, config.Backend{}, "tls.cert, tls.key: stat " + missing},
		{config.ClientTLS{Cert: good, Key: empty}, config.Backend{}, "tls.cert, tls.key: "},
		{config.ClientTLS{Cert: good, Key: good, ClientCA: missing}, config.Backend{}, "tls.client_ca: open " + missing},
		{config.ClientTLS{Cert: good, Key: good, ClientCA: empty}, config.Backend{}, "tls.client_ca: " + empty + ": there is no certificate in PEM in it"},
		{config.ClientTLS{Mode: config.TLSOff}, config.Backend{TLSCA: empty}, "backend.tls_ca: " + empty},
		{config.ClientTLS{Mode: config.TLSOff}, config.Backend{TLSCert: good, TLSKey: missing}, "backend.tls_cert, backend.tls_key: stat " + missing},
	} {
		_, err := configureDataPath(&config.Config{TLS: c.tls, Backend: c.backend}, "n1", zap.NewNop())
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
