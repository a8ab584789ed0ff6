package password

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
)

func TestTheFirstLineIsThePassword(t *testing.T) {
	for _, c := range []struct{ text, want, err string }{
		{"secret", "secret", ""},
		{"secret\n", "secret", ""},
		{" se cret \r\nmore", " se cret ", ""},
		{strings.Repeat("x", 255) + "\n", strings.Repeat("x", 255), ""},
		{strings.Repeat("x", 256) + "\n", "", "more than 255 bytes"},
		{strings.Repeat("x", 1<<20), "", "more than 255 bytes"},
		{"", "", "is empty"},
		{"\nsecret", "", "is empty"},
		{"sec\x00ret\n", "", "a zero byte"},
	} {
		file := filepath.Join(t.TempDir(), "p")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, read := range map[string]func() (string, error){
			"file":       func() (string, error) { return FromFile(file, nil) },
			"- for in":   func() (string, error) { return FromFile("-", strings.NewReader(c.text)) },
			"piped in":   func() (string, error) { return Ask("password", strings.NewReader(c.text), nil) },
			"redirected": func() (string, error) { return askFile(t, file) },
		} {
			got, err := read()
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s, %.20q: %q, %v", name, c.text, got, err)
			}
		}
	}
}

func TestAFileThatOthersMayReadIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p")
	if err := errors.Join(os.WriteFile(file, []byte("hunter2\n"), 0o600), os.Chmod(file, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := FromFile(file, nil); !errors.Is(err, secretfile.ErrMode) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("with mode 0644: %v", err)
	}
}

// askFile asks where standard input is a file.
func askFile(t *testing.T, file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return Ask("password", f, nil)
}

func TestPasswordsThatAreMadeUpDiffer(t *testing.T) {
	if a, b := Generate(), Generate(); a == b || len(a) < 20 {
		t.Errorf("%q and %q", a, b)
	}
}
