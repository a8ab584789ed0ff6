package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// authority is a directory with an authority that the program has made, and with
// certificates of it.
type authority struct {
	dir    string
	binary string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	binary, err := cluster.Binary()
	must(t, err)
	a := authority{dir: t.TempDir(), binary: binary}
	a.run(t, "ca", "init", "--dir", a.dir)
	return a
}

func (a authority) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := cluster.Run(within(t), a.binary, args...)
	must(t, err)
	return out
}

// issue makes the certificate of a node in a directory of its own; the node's HTTP
// address is on 127.0.0.1.
func (a authority) issue(t *testing.T, id, into string) {
	t.Helper()
	a.run(t, "ca", "issue", "--dir", a.dir, "--node", id, "--host", "127.0.0.1", "--out", filepath.Join(a.dir, into))
}

// nodes makes the certificates of n1 and so on.
func (a authority) nodes(t *testing.T, count int) {
	t.Helper()
	for i := range count {
		a.issue(t, fmt.Sprintf("n%d", i+1), "nodes")
	}
}

// section is the config of a node between the others.
func (a authority) section(id, mode string) *cluster.NodeTLSSection {
	return &cluster.NodeTLSSection{
		Mode: mode, CA: filepath.Join(a.dir, "ca.pem"),
		Cert: filepath.Join(a.dir, "nodes", id+".pem"), Key: filepath.Join(a.dir, "nodes", id+"-key.pem"),
	}
}

// secure is for cluster.Options.Change.
func (a authority) secure(mode string) func(int, *cluster.ConfigFile) {
	return func(index int, c *cluster.ConfigFile) {
		c.Cluster.TLS = a.section(fmt.Sprintf("n%d", index+1), mode)
	}
}

// pair loads a certificate that was issued into a directory.
func (a authority) pair(t *testing.T, name, from string) tls.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(a.dir, from, name+".pem"), filepath.Join(a.dir, from, name+"-key.pem"))
	must(t, err)
	return pair
}

// expired makes a certificate that the program would not make: of yesterday.
func (a authority) expired(t *testing.T, id string) tls.Certificate {
	t.Helper()
	ca, err := tls.LoadX509KeyPair(filepath.Join(a.dir, "ca.pem"), filepath.Join(a.dir, "ca-key.pem"))
	must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour),
		URIs:        []*url.URL{{Scheme: "mysqlda", Host: "node", Path: "/" + id}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, ca.Leaf, key.Public(), ca.PrivateKey)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}
}

// renew puts a new certificate in the place of a node's, as an operator does.
func (a authority) renew(t *testing.T, id string) {
	t.Helper()
	a.issue(t, id, "renewed")
	for _, name := range []string{id + "-key.pem", id + ".pem"} {
		must(t, os.Rename(filepath.Join(a.dir, "renewed", name), filepath.Join(a.dir, "nodes", name)))
	}
}
