package secretkey

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
	"github.com/mysqlda/mysqlda/fsm/seal"
)

func environment(text string) func(string) string {
	return func(name string) string {
		if name == seal.Variable {
			return text
		}
		return ""
	}
}

func TestKeysComeFromAFileOrTheEnvironment(t *testing.T) {
	a, b := seal.NewKey(), seal.NewKey()
	file := filepath.Join(t.TempDir(), "key")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(a.Text())
	for _, c := range []struct {
		file, environment string
		want, err         string
	}{
		{"", "", "", ""},
		{file, "", a.ID(), ""},
		{"", b.Text() + "," + a.Text(), b.ID() + " " + a.ID(), ""},
		{file, b.Text(), "", "given twice"},
		{"", "hunter2", "", "MYSQLDA_SECRET_KEY: line 1"},
		{file + "2", "", "", "no such file"},
	} {
		keys, err := Open(c.file, environment(c.environment))
		if (err == nil) != (c.err == "") || err != nil && (!strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%q, %q: %v", c.file, c.environment, err)
			continue
		}
		if err == nil && strings.Join(keys.Ring().IDs(), " ") != c.want {
			t.Errorf("%q: keys %q, want %q", c.file, keys.Ring().IDs(), c.want)
		}
	}

	keys, err := Open(file, environment(""))
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := keys.Reread(); changed || err != nil {
		t.Errorf("nothing has changed, but %v, %v", changed, err)
	}
	write("# broken\n")
	if changed, err := keys.Reread(); changed || err == nil || keys.Ring().Current() != a.ID() {
		t.Errorf("a file without keys: %v, %v, %q", changed, err, keys.Ring().IDs())
	}
	write(b.Text() + "\n" + a.Text())
	if changed, err := keys.Reread(); !changed || err != nil || keys.Ring().Current() != b.ID() {
		t.Errorf("another key: %v, %v, %q", changed, err, keys.Ring().IDs())
	}
	// The same size, another time.
	write(a.Text() + "\n" + b.Text())
	if err := os.Chtimes(file, time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if changed, err := keys.Reread(); !changed || err != nil || keys.Ring().Current() != a.ID() {
		t.Errorf("the keys in another order: %v, %v, %q", changed, err, keys.Ring().IDs())
	}
}

func TestAKeyFileThatOthersMayReadIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	key := seal.NewKey()
	if err := errors.Join(os.WriteFile(file, []byte(key.Text()), 0o600), os.Chmod(file, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, environment("")); !errors.Is(err, secretfile.ErrMode) || !strings.Contains(err.Error(), "secrets.key_file") {
		t.Errorf("with mode 0644: %v", err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if keys, err := Open(file, environment("")); err != nil || keys.Ring().Current() != key.ID() {
		t.Errorf("with mode 0600: %v", err)
	}
}
