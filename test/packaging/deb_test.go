package packaging

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/need"
)

// run runs a program to its end.
func run(t *testing.T, env []string, program string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustRun(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := run(t, nil, program, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return out
}

// build makes a package of this tree's program, as a release of that name.
func build(t *testing.T, release string) string {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		need.Missing(t, "dpkg-deb is not installed")
	}
	program, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	deb := filepath.Join(t.TempDir(), "mysqlda.deb")
	// Pressing hard takes longest, and tests nothing.
	fast := []string{"DPKG_DEB_COMPRESSOR_TYPE=gzip", "DPKG_DEB_COMPRESSOR_LEVEL=1"}
	if out, err := run(t, fast, "../../scripts/deb/build.sh", program, release, "amd64", deb); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return deb
}

func TestThePackageHoldsWhatANodeNeeds(t *testing.T) {
	t.Parallel()
	deb := build(t, "v1.2.0-3-gabc1234-dirty")
	if got := strings.TrimSpace(mustRun(t, "dpkg-deb", "--field", deb, "Version")); got != "1.2.0+3.gabc1234.dirty" {
		t.Errorf("version %q", got)
	}
	listed := make(map[string]string) // modes and owners by path
	for line := range strings.Lines(mustRun(t, "dpkg-deb", "--contents", deb)) {
		f := strings.Fields(line)
		listed[f[5]] = f[0] + " " + f[1]
	}
	for path, want := range map[string]string{
		"./usr/bin/mysqlda":                                  "-rwxr-xr-x root/root",
		"./usr/lib/systemd/system/mysqlda.service":           "-rw-r--r-- root/root",
		"./etc/mysqlda/mysqlda.conf":                         "-rw-r----- root/root", // it has passwords in it
		"./etc/default/mysqlda":                              "-rw-r--r-- root/root",
		"./usr/share/bash-completion/completions/mysqlda":    "-rw-r--r-- root/root",
		"./usr/share/zsh/vendor-completions/_mysqlda":        "-rw-r--r-- root/root",
		"./usr/share/fish/vendor_completions.d/mysqlda.fish": "-rw-r--r-- root/root",
		"./usr/share/doc/mysqlda/copyright":                  "-rw-r--r-- root/root",
		"./usr/share/doc/mysqlda/examples/mysqlda.socket":    "-rw-r--r-- root/root",
	} {
		if listed[path] != want {
			t.Errorf("%s is %q, want %q", path, listed[path], want)
		}
	}
	dir := t.TempDir()
	mustRun(t, "dpkg-deb", "--raw-extract", deb, dir)
	if got := read(t, dir, "DEBIAN/conffiles"); got != "/etc/mysqlda/mysqlda.conf\n/etc/default/mysqlda\n" {
		t.Errorf("conffiles are %q", got)
	}
	if got := read(t, dir, "etc/mysqlda/mysqlda.conf"); !strings.Contains(got, `"data_dir": "/var/lib/mysqlda"`) {
		t.Error("the data directory is another one than the unit's")
	}
	program := filepath.Join(dir, "usr/bin/mysqlda")
	if out := mustRun(t, program, "version"); !strings.HasPrefix(out, "mysqlda ") {
		t.Errorf("the program says %q", out)
	}
	cmd := exec.Command("md5sum", "--check", "--quiet", "DEBIAN/md5sums")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestReleasesAreInTheirOrder(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("dpkg"); err != nil {
		need.Missing(t, "dpkg is not installed")
	}
	var before string
	for _, release := range []string{"ff1ee8c", "v1.1.0", "v1.2.0", "v1.2.0-3-gabc1234"} {
		version := strings.TrimSpace(mustRun(t, "dpkg-deb", "--field", build(t, release), "Version"))
		if before != "" {
			mustRun(t, "dpkg", "--compare-versions", before, "lt", version)
		}
		before = version
	}
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func exists(t *testing.T, elements ...string) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(elements...))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func TestThePackageIsInstalledUpgradedAndRemoved(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can install a package")
	}
	older, newer := build(t, "v1.0.0"), build(t, "v1.1.0")
	root := t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"status", "available"} {
		if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg", file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dpkg := func(args ...string) string {
		t.Helper()
		out, err := run(t, []string{"DEBIAN_FRONTEND=noninteractive"}, "dpkg",
			append([]string{"--root=" + root, "--log=/dev/null", "--force-script-chrootless", "--force-confold"}, args...)...)
		if err != nil {
			t.Fatalf("dpkg %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return out
	}
	if out := dpkg("--install", older); !strings.Contains(out, "systemctl enable --now mysqlda") {
		t.Errorf("who installs it is not told what to do: %s", out)
	}
	info, err := os.Stat(filepath.Join(root, "var/lib/mysqlda"))
	if err != nil || info.Mode() != fs.ModeDir|0o700 {
		t.Errorf("the data directory: %v, %v", info, err)
	}
	const mine = "{} // changed by its owner\n"
	if err := os.WriteFile(filepath.Join(root, "etc/mysqlda/mysqlda.conf"), []byte(mine), 0o600); err != nil {
		t.Fatal(err)
	}
	dpkg("--install", newer)
	if got := read(t, root, "etc/mysqlda/mysqlda.conf"); got != mine {
		t.Errorf("an upgrade has changed the config file: %s", got)
	}
	data := filepath.Join(root, "var/lib/mysqlda/node.json")
	if err := os.WriteFile(data, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dpkg("--remove", "mysqlda")
	if !exists(t, data) || !exists(t, root, "etc/mysqlda/mysqlda.conf") || exists(t, root, "usr/bin/mysqlda") {
		t.Error("removing takes the program, and leaves data and config")
	}
	dpkg("--purge", "mysqlda")
	if exists(t, root, "var/lib/mysqlda") || exists(t, root, "etc/mysqlda") {
		t.Error("purging has left something behind")
	}
}

func TestThePackagesScriptsArePlainShell(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("shellcheck")
	if err != nil {
		need.Missing(t, "shellcheck is not installed")
	}
	mustRun(t, program, "-s", "sh", "../../scripts/deb/build.sh", "../../scripts/deb/files/postinst",
		"../../scripts/deb/files/prerm", "../../scripts/deb/files/postrm")
}

// TestTheUnitsAreWhatSystemdUnderstands has systemd itself look at them, with the program
// where the package puts it.
func TestTheUnitsAreWhatSystemdUnderstands(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	binary, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, unit := range []string{"mysqlda.service", "mysqlda.socket"} {
		text, err := os.ReadFile(filepath.Join("../../scripts/systemd", unit))
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("/usr/bin/mysqlda"), []byte(binary))
		if err := os.WriteFile(filepath.Join(dir, unit), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := run(t, nil, program, "verify", filepath.Join(dir, "mysqlda.service"), filepath.Join(dir, "mysqlda.socket"))
	if err != nil || strings.Contains(out, "mysqlda.") {
		t.Errorf("%v: %s", err, out)
	}
}
