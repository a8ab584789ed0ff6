package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

func TestEffectiveSettingsHaveDefaultsAndNoSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n1.conf")
	text := `{"server": {"listen_ip": "127.0.0.1", "listen_port": 3400}, "limits": {"max_sessions": 77},
		"auth": {"user": "u", "pass": "hush-1", "db": "d"}, "forwards": [],
		"failover": {"user": "f", "pass": "hush-2", "replication_user": "r", "replication_pass": "hush-3"}, "node": {"id": "n1"}}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	template, err := os.ReadFile("../config/template.jsonc")
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{cfg: cfg, options: Options{LogLevel: zap.NewAtomicLevelAt(zap.WarnLevel)}}
	got := map[string]string{}
	for _, e := range d.Effective() {
		if _, twice := got[e.Key]; twice {
			t.Errorf("%s is listed twice", e.Key)
		}
		got[e.Key] = e.Value
		if strings.Contains(e.Value, "hush") {
			t.Errorf("%s has a password", e.Key)
		}
		if _, name, _ := strings.Cut(e.Key, "."); !strings.Contains(string(template), `"`+name+`":`) {
			t.Errorf("%s is no key of the config file", e.Key)
		}
	}
	for key, want := range map[string]string{
		"node.id": "n1", "server.listen_port": "3400", "limits.max_sessions": "77", // given
		"limits.idle_timeout": "28800", "backend.probe_interval": "1", "tls.mode": "optional", "http.listen": "127.0.0.1:3403", // not given
		"log.level": "warn", // as it was changed
	} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
}
