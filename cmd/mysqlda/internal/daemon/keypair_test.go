package daemon

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// writePair writes a certificate for name, good for both sides of a connection,
// and its key into each of the files, which look as if changed at that time.
func writePair(t *testing.T, name string, changed time.Time, files ...string) {
	t.Helper()
	c := certificateOf(name, []string{name}, time.Now())
	c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	text, err := selfSigned(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
}

func TestChangedCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	written := time.Unix(1_700_000_000, 0)
	writePair(t, "first", written, cert, key)
	core, logs := observer.New(zapcore.WarnLevel)
	k, err := loadKeyPair(cert, key, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	now := k.checked
	k.now = func() time.Time { return now }
	check := func(what, want string, warnings int) {
		t.Helper()
		pair, err := k.forClients(nil)
		if err != nil || pair.Leaf.Subject.CommonName != want {
			t.Errorf("%s: got the certificate of %s, %v", what, pair.Leaf.Subject.CommonName, err)
		}
		if logs.Len() != warnings {
			t.Errorf("%s: %d warnings, want %d: %v", what, logs.Len(), warnings, logs.All())
		}
	}
	check("at first", "first", 0)
	writePair(t, "second", written.Add(time.Hour), cert, key)
	check("in the same second", "first", 0)
	now = now.Add(keyPairCheck)
	check("a second later", "second", 0)

	writePair(t, "third", written.Add(2*time.Hour), cert)
	for range 3 {
		now = now.Add(keyPairCheck)
		check("with the key of another", "second", 1)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		now = now.Add(keyPairCheck)
		check("without a key", "second", 2)
	}
	writePair(t, "fourth", written.Add(3*time.Hour), cert, key)
	now = now.Add(keyPairCheck)
	check("with both", "fourth", 2)
}

func TestMissingCertificateIsAnError(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "cert.pem")
	if _, err := loadKeyPair(missing, missing, zap.NewNop()); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}
