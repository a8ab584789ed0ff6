package wire

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// encryptedServer is a real server that has a certificate and the plugins for
// authentication that come with it.
func encryptedServer(t *testing.T) (*mysqld.Server, *sql.DB) {
	t.Helper()
	made := selfMade(t)
	key, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, secret := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{
		cert:   {Type: "CERTIFICATE", Bytes: made.Certificate[0]},
		secret: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := mysqld.ForTest(t, mysqld.Options{Args: []string{"--ssl-cert=" + cert, "--ssl-key=" + secret}})
	db, err := s.OpenDB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return s, db
}

func TestConnectToARealServer(t *testing.T) {
	t.Parallel()
	s, db := encryptedServer(t)
	for _, statement := range []string{
		"INSTALL SONAME 'auth_ed25519'",
		"CREATE USER ed IDENTIFIED VIA ed25519 USING PASSWORD('secret')",
		"CREATE USER native IDENTIFIED VIA mysql_native_password USING PASSWORD('secret')",
		"CREATE USER empty IDENTIFIED VIA mysql_native_password",
		"CREATE USER either IDENTIFIED VIA ed25519 USING PASSWORD('other') OR mysql_native_password USING PASSWORD('secret')",
		"CREATE USER secure IDENTIFIED VIA ed25519 USING PASSWORD('secret') REQUIRE SSL",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	const extended = MariadbProgress | MariadbBulkOperations | MariadbCacheMetadata
	for _, test := range []struct {
		name       string
		user, pass string
		database   string
		caps       Capability
		tls        *tls.Config
		code       uint16 // of the server's refusal; 0: let in
	}{
		{name: "native", user: "native", pass: "secret"},
		{name: "native over TLS", user: "native", pass: "secret", tls: blind},
		{name: "empty", user: "empty"},
		{name: "ed25519", user: "ed", pass: "secret"},
		{name: "ed25519 over TLS", user: "secure", pass: "secret", tls: blind},
		{name: "TLS required by the server", user: "secure", pass: "secret", code: 1045},
		{name: "one plugin after the other", user: "either", pass: "secret"},
		{name: "wrong password", user: "native", pass: "wrong", code: 1045},
		{name: "wrong password for ed25519", user: "ed", pass: "wrong", code: 1045},
		{name: "password where there is none", user: "empty", pass: "secret", code: 1045},
		{name: "database", user: "test", pass: "test", database: "test", caps: ClientDeprecateEOF},
		{name: "database that is missing", user: "test", pass: "test", database: "missing", code: 1049},
		{name: "extended", user: "test", pass: "test", caps: extended | ClientSessionTrack},
		{name: "extended over TLS", user: "test", pass: "test", caps: extended, tls: blind},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(waitTime)); err != nil {
				t.Fatal(err)
			}
			peer, err := Connect(conn, ConnectConfig{
				User: test.user, Password: test.pass, Database: test.database,
				Capabilities: test.caps, Collation: 83, TLS: test.tls,
				Attributes: map[string]string{"who": "test"},
			})
			var refused *ServerError
			if errors.As(err, &refused) && refused.Code == test.code && refused.State != "" {
				return
			}
			if err != nil || test.code != 0 {
				t.Fatalf("%v; want error %d", err, test.code)
			}
			if !peer.Capabilities.Has(test.caps) || !peer.Greeting.Capabilities.Has(extended) {
				t.Errorf("agreed on %s of %s", peer.Capabilities, peer.Greeting.Capabilities)
			}
			if _, encrypted := peer.Conn.(*tls.Conn); encrypted != (test.tls != nil) {
				t.Errorf("encrypted: %t", encrypted)
			}
			question := AppendCommand(nil, peer.Capabilities, ComQuery, "SELECT CONNECTION_ID() = "+strconv.FormatUint(uint64(peer.ThreadID), 10)+
				", @@collation_connection, DATABASE()")
			if _, err := peer.Conn.Write(question); err != nil {
				t.Fatal(err)
			}
			row, err := ReadRow(peer.Conn, peer.Capabilities, 3)
			if err != nil {
				t.Fatal(err)
			}
			if string(row[0]) != "1" || string(row[1]) != "utf8mb3_bin" || string(row[2]) != test.database || (row[2] == nil) != (test.database == "") {
				t.Errorf("%q", row)
			}
		})
	}
}
