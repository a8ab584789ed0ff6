package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func TestSyncTimesAreJudged(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		took []time.Duration
		want Level
	}{
		{"fast", []time.Duration{ms, ms, 2 * ms}, OK},
		{"slow once", []time.Duration{100 * ms, ms, ms}, OK},
		{"slow", []time.Duration{21 * ms, ms, 22 * ms}, Warning},
		{"long once", []time.Duration{ms, 501 * ms, ms}, Warning},
		{"hanging", []time.Duration{ms, 5001 * ms, ms}, Problem},
	} {
		if f := judgeSync("disk", "/d", c.took); f.Level != c.want || (f.Advice == "") != (c.want == OK) {
			t.Errorf("%s: got %+v", c.name, f)
		}
	}
}

func TestSpaceHasToBeThereForThePlacements(t *testing.T) {
	for _, c := range []struct {
		free, placements uint64
		want             Level
	}{
		{2 << 30, 0, OK},
		{1 << 29, 0, Warning},
		{100 << 20, 0, Problem},
		{2 << 30, 10_000_000, Warning},
		{1 << 30, 10_000_000, Problem},
	} {
		if f := spaceCheck("/d", c.free, c.placements); f.Level != c.want {
			t.Errorf("%d free with %d placements: got %+v", c.free, c.placements, f)
		}
	}
}

func TestClocksAreJudgedWithTheirUncertainty(t *testing.T) {
	const within = 500 * time.Millisecond
	for offset, want := range map[time.Duration]Level{
		0: OK, -3 * time.Second: OK, 3400 * time.Millisecond: OK, 4 * time.Second: Warning, -time.Hour: Warning,
	} {
		if f := judgeClock("clock", offset, within); f.Level != want {
			t.Errorf("%s: got %+v", offset, f)
		}
	}
}

func TestPrivateKeysAreForTheirOwner(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key.pem")
	if keyMode(key) != nil {
		t.Error("a key that is not there has a mode")
	}
	if err := os.WriteFile(key, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]Level{0o600: OK, 0o400: OK, 0o640: Warning, 0o644: Problem, 0o601: Problem} {
		if err := os.Chmod(key, mode); err != nil {
			t.Fatal(err)
		}
		if f := keyMode(key); f.Level != want {
			t.Errorf("%04o: got %+v", mode, f)
		}
	}
}

// pair writes a certificate that is valid between these times, with its key.
func pair(t *testing.T, from, until time.Time) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestCertificatesHaveToBeValidForAWhile(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Now()
	for _, c := range []struct {
		name        string
		from, until time.Duration // from now
		want        Level
	}{
		{"fresh", -day, 90 * day, OK},
		{"ends soon", -day, 29 * day, Warning},
		{"over", -2 * day, -day, Problem},
		{"not yet", day, 90 * day, Problem},
	} {
		certFile, keyFile := pair(t, now.Add(c.from), now.Add(c.until))
		if loaded, f := pairCheck("tls", certFile, keyFile); f.Level != c.want || loaded == nil {
			t.Errorf("%s: got %+v", c.name, f)
		}
		if loaded, f := pairCheck("tls", certFile, certFile); f.Level != Problem || loaded != nil {
			t.Errorf("%s without a key: got %+v", c.name, f)
		}
		if _, f := authoritiesCheck("ca", certFile); f.Level != OK {
			t.Errorf("%s as an authority: got %+v", c.name, f)
		}
		if pool, f := authoritiesCheck("ca", keyFile); f.Level != Problem || pool == nil {
			t.Errorf("%s, a key as an authority: got %+v", c.name, f)
		}
	}
}

func TestAServerThatAnotherNodeDoesNotReachIsTold(t *testing.T) {
	v := &view{status: admin.Status{Node: "n1"}}
	s := &server{address: "10.0.1.1:3306", told: &admin.ServerStatus{SeenBy: []admin.SeenBy{
		{Node: "n1"}, {Node: "n2", Healthy: true}, {Node: "n3"}, // what n1 sees the other checks say
	}}}
	found := unseen("server", v, s)
	if len(found) != 1 || found[0].Level != Problem || found[0].Seen != "node n3 does not reach it" {
		t.Errorf("got %+v", found)
	}
}
