package original

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCommandLineOfTheOriginal(t *testing.T) {
	full, empty := t.TempDir(), t.TempDir()
	etc := filepath.Join(full, "etc")
	if err := os.Mkdir(etc, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mysqlda.conf", "mysqlda.save", "mysqlda.card_no.save", "mysqlda.save.old", "other.x.save"} {
		if err := os.WriteFile(filepath.Join(etc, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		line, home, logDir string
		want               string
		err                string
	}{
		{line: "status -f c", want: "status -f c"},
		{line: "--help", want: "--help"},
		{line: "-h", want: "-h"},
		{line: "", want: ""},
		{line: "-v", want: "version"},
		{line: "-f c -v", want: "version"},
		{line: "-f c -a init", home: empty, want: "init -f c"},
		{line: "-a init", home: empty, want: "init -f " + empty + "/etc/mysqlda.conf"},
		{line: "-a init", err: "HOME is not set"},
		{line: "-f c -a start", home: empty, want: "start -f c --background"},
		{line: "-f c -a start", want: "start -f c --background"},
		{line: "-f c -a start", home: empty, logDir: "/logs", want: "start -f c --background --log-file /logs/mysqlda.log"},
		{line: "--no-daemon -a start -f c", home: empty, logDir: "/logs", want: "start -f c"},
		{line: "-f a -a init -a start -f c --no-daemon", home: empty, want: "start -f c"},
		{line: "-a start --loglevel-debug --no-daemon -f c", home: empty, want: "start -f c --log-level debug"},
		{line: "-a start --loglevel-info --no-daemon -f c", home: empty, want: "start -f c --log-level info"},
		{line: "-a start --loglevel-notice --no-daemon -f c", home: empty, want: "start -f c --log-level info"},
		{line: "-a start --loglevel-warn --no-daemon -f c", home: empty, want: "start -f c --log-level warn"},
		{line: "-a start --loglevel-error --no-daemon -f c", home: empty, want: "start -f c --log-level error"},
		{line: "-a start --loglevel-fatal --no-daemon -f c", home: empty, want: "start -f c --log-level error"},
		{line: "-a start --no-daemon -f c -s s", home: empty, want: "start -f c --save-file s"},
		{line: "-a start --no-daemon -f c", home: full, want: "start -f c --save-file " + etc + "/mysqlda.save --class-file " + etc + "/mysqlda.card_no.save"},
		{line: "-a start --no-daemon -f c -s s", home: full, want: "start -f c --save-file s --class-file " + etc + "/mysqlda.card_no.save"},
		{line: "-f c", err: "-a init or -a start is missing"},
		{line: "-f c -a stop", err: `-a must be init or start, not "stop"`},
		{line: "-a start -f", err: "-f needs a value"},
		{line: "-a start -f c --loglevel-all", err: `"--loglevel-all" is no option`},
		{line: "-a start -f c now", err: `"now" is no option`},
	} {
		t.Run(c.line, func(t *testing.T) {
			getenv := func(name string) string { return map[string]string{"HOME": c.home, "MYSQLDA_LOGDIR": c.logDir}[name] }
			got, err := Translate(strings.Fields(c.line), getenv)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v, want %q", err, c.err)
				}
				return
			}
			if err != nil || !slices.Equal(got, strings.Fields(c.want)) {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}
