package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/handover"
	"github.com/mysqlda/mysqlda/test/harness/port"
)

// successor is the config file of a node n1 that is to take over.
type successor struct {
	dir     string
	first   int // of four ports: clients, internode, gossip, HTTP
	running handover.Running
}

func newSuccessor(t *testing.T) *successor {
	t.Helper()
	first, err := port.ReserveRun(4)
	if err != nil {
		t.Fatal(err)
	}
	s := &successor{dir: t.TempDir(), first: first}
	cfg := s.load(t, 0, 1, 2, 3, "", "", "")
	s.running = handover.Running{Node: "n1", DataDir: cfg.Node.DataDir, Listen: (&daemon{cfg: cfg}).addresses()}
	return s
}

// load writes a file whose ports are those of the numbers, with more keys in the sections
// cluster and http, and more sections, and reads it.
func (s *successor) load(t *testing.T, clients, internode, gossip, http int, inCluster, inHTTP, sections string) *config.Config {
	t.Helper()
	path := filepath.Join(s.dir, "n1.conf")
	text := fmt.Sprintf(`{"server": {"listen_ip": "127.0.0.1", "listen_port": %d}, "tls": {"mode": "off"}, "node": {"id": "n1", "data_dir": "n1-data"},
		"cluster": {"listen": "127.0.0.1:%d", "gossip": "127.0.0.1:%d"%s}, "http": {"listen": "127.0.0.1:%d"%s}%s}`,
		s.first+clients, s.first+internode, s.first+gossip, inCluster, s.first+http, inHTTP, sections)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestNoNodeTakesOverThatCouldNotReadItsFiles(t *testing.T) {
	s := newSuccessor(t)
	if err := CanTakeOver(t.Context(), s.load(t, 0, 1, 2, 3, "", "", ""), s.running); err != nil {
		t.Fatalf("with the file as it was: %v", err)
	}
	writePair(t, "n1", time.Now(), filepath.Join(s.dir, "good.pem"))
	if err := os.WriteFile(filepath.Join(s.dir, "bad"), []byte("no such thing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for says, keys := range map[string]struct{ inCluster, inHTTP, sections string }{
		"http.token_file":                {inHTTP: `, "token_file": "FILE"`},
		"http.tls.cert, http.tls.key":    {inHTTP: `, "tls": {"cert": "FILE", "key": "FILE"}`},
		"http.tls.client_ca":             {inHTTP: `, "tls": {"cert": "good.pem", "key": "good.pem", "client_ca": "FILE"}`},
		"cluster.tls.ca":                 {inCluster: `, "tls": {"ca": "FILE", "cert": "good.pem", "key": "good.pem"}`},
		"cluster.tls.cert, cluster.tls.": {inCluster: `, "tls": {"ca": "good.pem", "cert": "good.pem", "key": "FILE"}`},
		"cluster.gossip_key_file":        {inCluster: `, "gossip_key_file": "FILE"`},
		"cluster.join_key_file":          {inCluster: `, "join_key_file": "FILE"`},
		"secrets.key_file":               {sections: `, "secrets": {"key_file": "FILE"}`},
		"tracing.headers_file":           {sections: `, "tracing": {"endpoint": "http://127.0.0.1:4318", "headers_file": "FILE"}`},
		"backend.tls_ca":                 {sections: `, "backend": {"tls_ca": "FILE"}`},
	} {
		for _, file := range []string{"missing", "bad"} {
			with := func(keys string) string { return strings.ReplaceAll(keys, "FILE", file) }
			cfg := s.load(t, 0, 1, 2, 3, with(keys.inCluster), with(keys.inHTTP), with(keys.sections))
			if err := CanTakeOver(t.Context(), cfg, s.running); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s, file %s: %v", says, file, err)
			}
		}
	}
	// A certificate of no node is one that the others would not take.
	cfg := s.load(t, 0, 1, 2, 3, `, "tls": {"ca": "good.pem", "cert": "good.pem", "key": "good.pem"}`, "", "")
	if err := CanTakeOver(t.Context(), cfg, s.running); err == nil || !strings.Contains(err.Error(), "cluster.tls.cert: ") {
		t.Errorf("a certificate of no node: %v", err)
	}
	if _, err := os.Stat(cfg.Node.DataDir); !os.IsNotExist(err) {
		t.Errorf("asking has made the data directory: %v", err)
	}
}

func TestNoNodeTakesOverThatSwapsAddresses(t *testing.T) {
	s := newSuccessor(t)
	for name, cfg := range map[string]func() *config.Config{
		"clients and HTTP":     func() *config.Config { return s.load(t, 3, 1, 2, 0, "", "", "") },
		"internode and gossip": func() *config.Config { return s.load(t, 0, 2, 1, 3, "", "", "") },
	} {
		if err := CanTakeOver(t.Context(), cfg(), s.running); err == nil || !strings.Contains(err.Error(), "name another one") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
