package integration

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	program "os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// collected is what a bundle holds, by name.
func collected(t *testing.T, file string) map[string]string {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	plain, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	parts := make(map[string]string)
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		parts[path.Base(header.Name)] = string(content)
	}
}

// gather runs the program in a directory of its own.
func gather(t *testing.T, n *cluster.Node, args ...string) (parts map[string]string, stderr string) {
	t.Helper()
	binary, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bundle.tar.gz")
	var out, errs bytes.Buffer
	cmd := program.CommandContext(within(t), binary, append([]string{"debug", "bundle", "-f", n.ConfigFile(), "-O", file}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || !strings.Contains(out.String(), "wrote "+file) {
		t.Errorf("%v, %v, %s", info, err, out.String())
	}
	return collected(t, file), errs.String()
}

func TestABundleHoldsWhatIsNeededAndNoPassword(t *testing.T) {
	t.Parallel()
	g := mysqld.GroupForTest(t, 2, mysqld.GroupOptions{})
	c, err := cluster.New(patients(g, 1))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	n := c.Nodes[0]
	changeConfig(t, n, func(config map[string]any) { config["http"].(map[string]any)["debug"] = true })
	if err := n.Start(t.Context(), "--bootstrap"); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	text, err := os.ReadFile(n.LogFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(log, append(text, "somebody writes "+mysqld.Failover.Password+" into it\n"...), 0o600); err != nil {
		t.Fatal(err)
	}

	parts, stderr := gather(t, n, "--log", log)
	for name, want := range map[string]string{
		"machine.txt": "mysqlda ", "config.json": "(hidden)", "doctor.json": "is this node's, which runs", "data_dir.txt": "raft.db",
		"log.txt": "somebody writes (hidden) into it", "status.json": `"cluster_id"`, "metrics.txt": "mysqlda_raft_leader 1",
		"goroutines.txt": "goroutine 1 [", "heap.pprof": "",
	} {
		content, ok := parts[name]
		if !ok || !strings.Contains(content, want) {
			t.Errorf("%s: it is there: %t; no %q in it", name, ok, want)
		}
	}
	if stderr != "" {
		t.Errorf("something is left out: %s", stderr)
	}
	heap, err := gzip.NewReader(strings.NewReader(parts["heap.pprof"]))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(heap)
	if err != nil {
		t.Fatal(err)
	}
	parts["heap.pprof, plain"] = string(plain)
	for name, content := range parts {
		for _, secret := range append(slices.Clone(secrets), commented) {
			if strings.Contains(content, secret) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
	}

	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	parts, stderr = gather(t, n)
	for _, name := range []string{"status.json", "metrics.txt", "goroutines.txt", "heap.pprof"} {
		if _, ok := parts[name]; ok || !strings.Contains(stderr, "left out: "+name+": no node answers") || !strings.Contains(parts["missing.txt"], name) {
			t.Errorf("%s of a node that does not run: it is there: %t\n%s", name, ok, stderr)
		}
	}
}

// commented is a secret in a comment of the config file.
const commented = "the-password-of-before"

// changeConfig rewrites the node's config file, with a comment on top.
func changeConfig(t *testing.T, n *cluster.Node, change func(config map[string]any)) {
	t.Helper()
	text, err := os.ReadFile(n.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	change(config)
	if text, err = json.Marshal(config); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(n.ConfigFile(), append([]byte("// "+commented+"\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestProfilesAreServedOnlyWhereTheConfigSaysSo(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 1))
	parts, stderr := gather(t, c.Nodes[0])
	if _, ok := parts["goroutines.txt"]; ok || !strings.Contains(stderr, "profiles need http.debug true") {
		t.Errorf("goroutines are told: %t\n%s", ok, stderr)
	}
	if _, ok := parts["status.json"]; !ok {
		t.Error("there is no status")
	}
}
