package daemon

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
)

func TestHeadersForTheCollectorAreReadFromAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "headers")
	read := func(text string, mode os.FileMode) (map[string]string, error) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return readHeaders(config.Tracing{HeadersFile: path})
	}
	got, err := read("# for the collector\n\nAuthorization: Bearer a:secret\r\n X-Scope:  1 \n", 0o600)
	if want := map[string]string{"Authorization": "Bearer a:secret", "X-Scope": "1"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := read("A: b", 0o644); !errors.Is(err, secretfile.ErrMode) {
		t.Errorf("with mode 0644: %v", err)
	}
	for text, want := range map[string]string{
		"A: b\nsecret":                     "line 2: must be a header",
		"secret key: secret":               "line 1: must be a header",
		"Key: sec\x01ret":                  "line 1: must be a header",
		": secret":                         "line 1: must be a header",
		strings.Repeat("# secret\n", 4096): "more than 16384 bytes",
	} {
		if _, err := read(text, 0o600); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if got, err := readHeaders(config.Tracing{}); err != nil || len(got) != 0 {
		t.Errorf("without a file: %v, %v", got, err)
	}
}
