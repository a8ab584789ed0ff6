package daemon

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOwnCertificateIsMadeOnceAndKept(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	file, err := ownCertificate(dir, "n1", []string{"localhost", "10.1.2.3", "::1", "n1", "客户", ""}, now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(file, file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "n1", "10.1.2.3", "::1"} {
		if err := pair.Leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if pair.Leaf.VerifyHostname("elsewhere") == nil {
		t.Error("it names everybody")
	}
	if key, ok := pair.PrivateKey.(*ecdsa.PrivateKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("the key is a %T", pair.PrivateKey)
	}
	if left := pair.Leaf.NotAfter.Sub(now); left < 9*365*24*time.Hour || left > 11*365*24*time.Hour {
		t.Errorf("it lasts %s", left)
	}
	for path, want := range map[string]os.FileMode{file: 0o600, filepath.Dir(file): os.ModeDir | 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		later time.Duration
		kept  bool
	}{
		{0, true},
		{ownCertificateLife - 2*ownCertificateLeft, true},
		{ownCertificateLife - ownCertificateLeft/2, false},
	} {
		if _, err := ownCertificate(dir, "n1", nil, now.Add(c.later)); err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if kept := string(after) == string(before); kept != c.kept {
			t.Errorf("%s later: kept %v", c.later, kept)
		}
	}
}

func TestBrokenOwnCertificateIsNotReplacedInSilence(t *testing.T) {
	dir := t.TempDir()
	file, err := ownCertificate(dir, "n1", nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ownCertificate(dir, "n1", nil, time.Now()); err == nil || !strings.Contains(err.Error(), "remove the file") {
		t.Errorf("got %v", err)
	}
}
