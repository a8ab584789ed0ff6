package bundle

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

func TestPasswordsAreTakenOutHoweverTheyAreSpelled(t *testing.T) {
	cfg := &config.Config{
		Auth:     config.Auth{Password: "open"},
		Failover: config.Failover{Password: "open<sesame>\"\n", ReplicationPassword: "x"},
	}
	hide := newHider(cfg)
	quoted, err := json.Marshal(map[string]string{"said": "open<sesame>\"\n!"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"it is open":                   "it is (hidden)",
		"it is open<sesame>\"\n!":      "it is (hidden)!",
		string(quoted):                 `{"said":"(hidden)!"}`,
		`{"said":"open<sesame>\"\n!"}`: `{"said":"(hidden)!"}`,
		"x marks the spot":             "x marks the spot", // too short to be looked for
	} {
		if got := hide.text(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestTheEndOfALongLogBeginsWithALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	line := strings.Repeat("x", 1000) + "\n"
	if err := os.WriteFile(path, []byte(strings.Repeat(line, 2000)+"last\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tail, err := logTail(path)
	if err != nil || len(tail) > maxLogBytes || len(tail) < maxLogBytes-len(line) || !strings.HasPrefix(string(tail), line) || !strings.HasSuffix(string(tail), "\nlast\n") {
		t.Errorf("%d bytes, %v", len(tail), err)
	}
	if _, err := logTail(filepath.Dir(path)); err == nil {
		t.Error("a directory is taken for a log")
	}
}
