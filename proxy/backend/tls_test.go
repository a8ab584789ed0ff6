package backend

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	plan := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, key := sign(t, plan, plan, nil)
	a.key = key
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a.cert = cert
	a.pool.AddCert(cert)
	return a
}

func sign(t *testing.T, plan, parent *x509.Certificate, with *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if with == nil {
		with = key
	}
	der, err := x509.CreateCertificate(rand.Reader, plan, parent, key.Public(), with)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// certificate is one of the authority for that address or, if it is nil, for a
// client.
func (a *authority) certificate(t *testing.T, ip net.IP) tls.Certificate {
	t.Helper()
	plan := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "somebody"}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip != nil {
		plan.IPAddresses = []net.IP{ip}
	}
	der, key := sign(t, plan, a.cert, a.key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// encrypted starts a server with a certificate for that address.
func (a *authority) encrypted(t *testing.T, ip net.IP) *mysqld.Server {
	t.Helper()
	c := a.certificate(t, ip)
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var args []string
	for option, block := range map[string]*pem.Block{
		"ca":   {Type: "CERTIFICATE", Bytes: a.cert.Raw},
		"cert": {Type: "CERTIFICATE", Bytes: c.Certificate[0]},
		"key":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		path := filepath.Join(dir, option)
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--ssl-"+option+"="+path)
	}
	return mysqld.ForTest(t, mysqld.Options{Args: args})
}

// inMode is one library of that server for each mode.
func inMode(address string, modes ...fsm.TLSMode) *fsm.LibrarySet {
	var servers [][]string
	for range modes {
		servers = append(servers, []string{address})
	}
	set := libraries(servers...)
	for i := range modes {
		set.ByID(fsm.LibraryID(i + 1)).TLS = modes[i]
	}
	return set
}

const cipher = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"

func TestTLSByLibrary(t *testing.T) {
	needServers(t)
	ours, theirs := newAuthority(t), newAuthority(t)
	loopback := net.IPv4(127, 0, 0, 1)
	right, misnamed := ours.encrypted(t, loopback), ours.encrypted(t, net.IPv4(192, 0, 2, 1))
	for _, test := range []struct {
		server *mysqld.Server
		mode   fsm.TLSMode
		roots  *x509.CertPool
		want   string // in the error; "": encrypted
	}{
		{right, fsm.TLSRequired, nil, ""},
		{right, fsm.TLSRequired, theirs.pool, ""},
		{right, fsm.TLSVerifyCA, ours.pool, ""},
		{right, fsm.TLSVerifyCA, theirs.pool, "unknown authority"},
		{right, fsm.TLSVerifyIdentity, ours.pool, ""},
		{right, fsm.TLSVerifyIdentity, theirs.pool, "unknown authority"},
		{misnamed, fsm.TLSRequired, nil, ""},
		{misnamed, fsm.TLSVerifyCA, ours.pool, ""},
		{misnamed, fsm.TLSVerifyIdentity, ours.pool, "192.0.2.1"},
		{first, fsm.TLSRequired, nil, wire.ErrNoTLS.Error()},
		{first, fsm.TLSVerifyIdentity, ours.pool, wire.ErrNoTLS.Error()},
	} {
		m := manage(t, Config{TLS: &tls.Config{RootCAs: test.roots}}, inMode(test.server.Addr(), test.mode))
		c, err := m.Acquire(t.Context(), 1, plain)
		if test.want != "" {
			var unavailable *UnavailableError
			if !errors.As(err, &unavailable) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("mode %d: %v; want an error with %q", test.mode, err, test.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("mode %d: %v", test.mode, err)
			continue
		}
		if _, encrypted := c.NetConn().(*tls.Conn); !encrypted || c.Raw() != nil {
			t.Errorf("mode %d: a %T with Raw %v", test.mode, c.NetConn(), c.Raw())
		}
		if got := query(t, c.link, cipher); got == "Ssl_cipher," {
			t.Errorf("mode %d: the server sees no encryption", test.mode)
		}
		c.Discard()
	}
}

func TestEncryptedConnectionIsPooledAsAnyOther(t *testing.T) {
	needServers(t)
	a := newAuthority(t)
	s := a.encrypted(t, net.IPv4(127, 0, 0, 1))
	m := manage(t, Config{}, inMode(s.Addr(), fsm.TLSRequired))
	c := acquire(t, m, plain)
	thread := c.ThreadID()
	if !c.Alive() {
		t.Error("a fresh connection is not alive")
	}
	query(t, c.link, "SET @a = 5")
	if !c.Alive() {
		t.Error("not alive after an answer")
	}
	c.ReleaseSettled()
	awaitIdle(t, m, 1)
	c = acquire(t, m, plain)
	if got := query(t, c.link, "SELECT @a"); c.ThreadID() != thread || got != "NULL" {
		t.Errorf("thread %d, was %d; @a is %s", c.ThreadID(), thread, got)
	}
	query(t, admin(t, s.Addr()), fmt.Sprintf("KILL %d", thread))
	eventually(t, "the end is noticed", func() bool { return !c.Alive() })
	c.Discard()
	eventually(t, "the probe goes on", func() bool { return healthOf(m, s.Addr()).Healthy })
}

func TestClientCertificateIsShown(t *testing.T) {
	needServers(t)
	a := newAuthority(t)
	s := a.encrypted(t, net.IPv4(127, 0, 0, 1))
	root := admin(t, s.Addr())
	query(t, root, "CREATE USER certified IDENTIFIED BY 'secret' REQUIRE X509")
	query(t, root, "GRANT ALL ON *.* TO certified")
	as := settings()
	as.User, as.Password = "certified", "secret"
	for _, shown := range [][]tls.Certificate{nil, {a.certificate(t, nil)}} {
		m := manage(t, Config{TLS: &tls.Config{RootCAs: a.pool, Certificates: shown}}, inMode(s.Addr(), fsm.TLSVerifyIdentity))
		m.Update(inMode(s.Addr(), fsm.TLSVerifyIdentity), as)
		c, err := m.Acquire(t.Context(), 1, plain)
		if (err == nil) != (shown != nil) {
			t.Errorf("with %d certificates: %v", len(shown), err)
		}
		if err == nil {
			c.Discard()
		}
	}
}

func TestChangedModeRetiresConnections(t *testing.T) {
	needServers(t)
	s := newAuthority(t).encrypted(t, net.IPv4(127, 0, 0, 1))
	m := manage(t, Config{}, inMode(s.Addr(), fsm.TLSOff))
	held, spare := acquire(t, m, plain), acquire(t, m, plain)
	defer held.Discard()
	if held.Raw() == nil {
		t.Error("a connection in the clear has no raw socket")
	}
	spare.Release()
	awaitIdle(t, m, 1)
	m.Update(inMode(s.Addr(), fsm.TLSRequired), settings())
	if p := statsOf(m); p.Idle != 0 || held.Begin(false) != Moved {
		t.Errorf("connections in the clear are kept: %+v", p)
	}
	c := acquire(t, m, plain)
	defer c.Discard()
	if c.Raw() != nil {
		t.Error("a connection in the clear was opened")
	}
}

func TestStrictestModeOfSeveralLibrariesCounts(t *testing.T) {
	for _, test := range []struct{ modes []fsm.TLSMode }{
		{[]fsm.TLSMode{fsm.TLSVerifyCA, fsm.TLSOff}},
		{[]fsm.TLSMode{fsm.TLSOff, fsm.TLSVerifyCA}},
		{[]fsm.TLSMode{fsm.TLSRequired, fsm.TLSVerifyCA, fsm.TLSOff}},
	} {
		if got := strictest(inMode("a:1", test.modes...))["a:1"]; got != fsm.TLSVerifyCA {
			t.Errorf("%v: mode %d", test.modes, got)
		}
	}
}
