package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func create(t *testing.T, choices Choices) *Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "n.conf")
	if err := Create(path, choices); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range cfg.Warnings {
		if !strings.HasPrefix(w, "http.listen is ") { // whom to let in is the operator's to say
			t.Errorf("a fresh file is warned of: %q", w)
		}
	}
	if err := cfg.Seed(); err != nil {
		t.Errorf("a fresh file cannot start a cluster: %v", err)
	}
	return cfg
}

func TestCreatedFileMakesAOneNodeCluster(t *testing.T) {
	cfg := create(t, Choices{})
	if cfg.Cluster.Present || cfg.Node.ID != "" {
		t.Errorf("got %+v %+v", cfg.Cluster, cfg.Node)
	}
	if cfg.Server.Listen != "127.0.0.1:13306" || cfg.HTTP.Listen != "127.0.0.1:13309" {
		t.Errorf("got %s and %s", cfg.Server.Listen, cfg.HTTP.Listen)
	}
}

func TestCreatedFileSaysWhatWasChosen(t *testing.T) {
	cfg := create(t, Choices{NodeID: `n"2`, MySQL: "10.0.0.2:3306", Listen: "10.0.0.2:7", Gossip: "10.0.0.2:8", HTTP: "127.0.0.1:9"})
	if cfg.Node.ID != `n"2` || filepath.Base(cfg.Node.DataDir) != `n"2-data` {
		t.Errorf("got %+v", cfg.Node)
	}
	if want := (Cluster{Present: true, Listen: "10.0.0.2:7", Gossip: "10.0.0.2:8", TLS: NodeTLS{Mode: TLSOff}}); cfg.Cluster != want {
		t.Errorf("got %+v", cfg.Cluster)
	}
	if cfg.Server.Listen != "10.0.0.2:3306" || cfg.HTTP.Listen != "127.0.0.1:9" {
		t.Errorf("got %s and %s", cfg.Server.Listen, cfg.HTTP.Listen)
	}
}

func TestCreatedFileDerivesTheOtherPortsFromTheMySQLPort(t *testing.T) {
	cfg := create(t, Choices{NodeID: "n2", MySQL: "10.0.0.2:23306"})
	if want := (Cluster{Present: true, Listen: "10.0.0.2:23307", Gossip: "10.0.0.2:23308", TLS: NodeTLS{Mode: TLSOff}}); cfg.Cluster != want {
		t.Errorf("got %+v", cfg.Cluster)
	}
	if cfg.HTTP.Listen != "10.0.0.2:23309" {
		t.Errorf("got %s", cfg.HTTP.Listen)
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.conf")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, Choices{}); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "mine" {
		t.Errorf("the file now says %q, %v", got, err)
	}
}

func TestCreatedFileIsForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.conf")
	if err := Create(path, Choices{}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
}

func TestBadChoicesAreRefusedBeforeAnythingIsWritten(t *testing.T) {
	for _, c := range []struct {
		choices Choices
		want    string
	}{
		{Choices{MySQL: "13306"}, `--mysql: "13306" is not host:port`},
		{Choices{Listen: ":1"}, `--cluster: ":1" has no host`},
		{Choices{MySQL: "localhost:1"}, "server.listen_ip: must be an IP address"},
		{Choices{MySQL: "127.0.0.1:5", HTTP: "127.0.0.1:5"}, "http.listen: 127.0.0.1:5 is taken by server.listen_port"},
		{Choices{NodeID: "a b"}, "node.id: bad name"},
	} {
		path := filepath.Join(t.TempDir(), "n.conf")
		if err := Create(path, c.choices); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.choices, err, c.want)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%+v: a file was written", c.choices)
		}
	}
}

// What the template says in comments is as good as the rest of it: each key
// exists, and the values are the defaults.
func TestCommentsOfTheTemplateAreTrue(t *testing.T) {
	text, err := render(Choices{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := Parse("/etc/n.conf", text)
	if err != nil {
		t.Fatal(err)
	}
	uncommented := regexp.MustCompile(`(?m)^( *)// ( *["}])`).ReplaceAll(text, []byte("$1$2"))
	after, err := Parse("/etc/n.conf", uncommented)
	if err != nil {
		t.Fatalf("%v in\n%s", err, uncommented)
	}
	// These are off by default, so their comments are examples.
	if after.Server.ProxyProtocolFrom == nil || after.TLS.Cert == "" || after.TLS.ClientCA == "" || after.Backend.TLSCA == "" || after.Backend.TLSCert == "" ||
		after.Secrets.KeyFile == "" || after.Auth.DefaultLibrary == "" || after.Auth.DefaultCore == "" || after.Node.ID == "" || after.Node.Advertise == "" || !after.Cluster.Present || after.Cluster.TLS.CA == "" || after.Cluster.GossipKeyFile == "" || after.Cluster.JoinKeyFile == "" ||
		after.HTTP.Access.Cert == "" || after.HTTP.Access.ClientCA == "" || after.HTTP.Access.TokenFile == "" || after.HTTP.Access.HostNames == nil ||
		!after.Forwards[0].HasWeight || !after.Forwards[0].HasTLS || !after.Forwards[0].HasFailover || after.Failover.Named != (FailoverKeys{true, true, true, true, true, true}) || !after.Balancing.HasMaxShare || !after.Balancing.HasBalance {
		t.Errorf("a comment is gone: %+v", after)
	}
	after.Server.ProxyProtocolFrom, after.Warnings = nil, nil // client_ca alone is warned of
	after.TLS.Cert, after.TLS.Key, after.TLS.ClientCA = "", "", ""
	after.Backend.TLSCA, after.Backend.TLSCert, after.Backend.TLSKey = "", "", ""
	after.Auth.DefaultLibrary, after.Auth.DefaultCore, after.Secrets.KeyFile = "", "", ""
	after.Node.ID, after.Node.Advertise, after.Cluster.Present = "", "", false
	after.Cluster.TLS, after.Cluster.GossipKeyFile, after.Cluster.JoinKeyFile = NodeTLS{Mode: TLSOff}, "", ""
	after.HTTP.Access = HTTPAccess{Open: after.HTTP.Access.Open}
	after.Forwards[0].HasWeight, after.Forwards[0].HasTLS, after.Forwards[0].HasFailover = false, false, false
	after.Failover.User, after.Failover.Password, after.Failover.ReplicationUser, after.Failover.ReplicationPassword = "", "", "", ""
	after.Failover.Named = FailoverKeys{}
	after.Balancing.HasMaxShare, after.Balancing.HasBalance = false, false
	if after.Tracing.Endpoint == "" || after.Tracing.HeadersFile == "" {
		t.Errorf("a comment about tracing is gone: %+v", after.Tracing)
	}
	after.Tracing.Endpoint, after.Tracing.HeadersFile = "", ""
	if !reflect.DeepEqual(after, before) {
		t.Errorf("\nwith the comments    %+v\nwithout the comments %+v", after, before)
	}
}
