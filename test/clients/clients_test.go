package clients

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

const (
	user     = "app"
	password = "app-password"
	library  = "alpha"
)

// The routes' names.
const (
	direct    = "direct"
	byDefault = "default library"
	selecting = "select library"
)

// route is one way from a program to the server.
type route struct {
	name string
	addr string
	core string // "select library" of this core object comes first, unless ""
}

func TestClientsFindTheSameThroughANodeAsAtTheServer(t *testing.T) {
	server := mysqld.ForTest(t, mysqld.Options{User: user, Password: password, Args: append(tlsFiles(t),
		"--performance-schema=ON", "--event-scheduler=ON", "--local-infile=ON")})
	routes := []route{
		{name: direct, addr: server.Addr()},
		{name: byDefault, addr: node(t, server, 1, library).Addresses().MySQL},
		{name: selecting, addr: node(t, server, 3, "").Addresses().MySQL, core: "client-1"},
	}
	m := &matrix{answers: map[string]map[string]map[string]answer{}}
	// A first Cleanup runs last: after the parallel programs.
	t.Cleanup(func() { m.report(t, routes) })
	for i, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			command := p.command(t)
			all := map[string]map[string]answer{}
			for j, r := range routes {
				database := fmt.Sprintf("p%d_%d", i, j)
				create(t, server, database)
				host, port, err := net.SplitHostPort(r.addr)
				if err != nil {
					t.Fatal(err)
				}
				all[r.name] = ask(t, command, map[string]string{
					"DB_HOST": host, "DB_PORT": port, "DB_USER": user, "DB_PASSWORD": password, "DB_NAME": database,
					"CORE": r.core, "STATEMENTS": statements(t), "WORK": workDir(t),
				})
			}
			m.add(p.name, all)
			compare(t, routes, all)
		})
	}
}

// compare fails the test for every feature that does not work at the server, and
// for every one that comes out otherwise through a node without a reason.
func compare(t *testing.T, routes []route, all map[string]map[string]answer) {
	t.Helper()
	for _, f := range features {
		server := all[direct][f]
		if server.verdict == fails {
			t.Errorf("%s, %s: %s", f, direct, server)
			continue
		}
		for _, r := range routes[1:] {
			relayed := all[r.name][f]
			if relayed == server {
				continue
			}
			if reasonFor(f, r.name) != "" {
				t.Logf("%s, %s: differs as expected: %s", f, r.name, relayed)
				continue
			}
			t.Errorf("%s, %s: %s; at the server: %s", f, r.name, relayed, server)
		}
	}
}

func create(t *testing.T, server *mysqld.Server, database string) {
	t.Helper()
	db, err := server.OpenDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+database); err != nil {
		t.Fatal(err)
	}
}

// workDir is a directory of the program's own. Its name has no characters but
// those that every client takes in the name of a file to load.
func workDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mysqlda-client-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// node starts a cluster in front of the server and returns a node, which follows
// where there are others.
func node(t *testing.T, server *mysqld.Server, nodes int, defaultLibrary string) *cluster.Node {
	t.Helper()
	c := cluster.ForTest(t, cluster.Options{
		Nodes: nodes, User: user, Password: password, DefaultLibrary: defaultLibrary, LogLevel: "info",
		Libraries: []cluster.Library{{Name: library, Servers: []string{server.Addr()}}},
	})
	if nodes == 1 {
		return c.Nodes[0]
	}
	followers, err := c.Followers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return followers[0]
}

// tlsFiles makes a certificate for the server and returns the options for it.
func tlsFiles(t *testing.T) []string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var options []string
	dir := t.TempDir()
	for _, f := range []struct {
		name, kind string
		data       []byte
	}{{"cert", "CERTIFICATE", certificate}, {"key", "PRIVATE KEY", secret}} {
		path := filepath.Join(dir, f.name+".pem")
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.data}), 0o600); err != nil {
			t.Fatal(err)
		}
		options = append(options, "--ssl-"+f.name+"="+path)
	}
	return options
}
