package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

var builtOnce = sync.OnceValues(build)

// Binary returns the path of the program, built from this module at most once a
// process; with the race detector when this process has it too.
func Binary() (string, error) { return builtOnce() }

// build leaves the program where the next process finds it, so that nothing has
// to clean up after the last test. It replaces the file as a whole: other
// processes run either the old program or the new one.
func build() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s race=%t", root, raceEnabled))
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("mysqlda-bin-%x", sum[:8]))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a directory for the program: %w", err)
	}
	draft := filepath.Join(dir, fmt.Sprintf("draft-%d", os.Getpid()))
	if err := buildFrom(context.Background(), root, draft); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "mysqlda")
	if err := os.Rename(draft, program); err != nil {
		return "", errors.Join(fmt.Errorf("keep the program: %w", err), os.Remove(draft))
	}
	return program, nil
}

func buildFrom(ctx context.Context, root, program string, flags ...string) error {
	args := append([]string{"build", "-o", program}, flags...)
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/mysqlda")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}

// BuildRelease builds the program of the module at root, "" for this one, as a release of
// that name; with the race detector when this process has it.
func BuildRelease(ctx context.Context, root, program, release string) error {
	if root == "" {
		var err error
		if root, err = moduleRoot(); err != nil {
			return err
		}
	}
	return buildFrom(ctx, root, program, "-ldflags", "-X main.version="+release)
}

func moduleRoot() (string, error) {
	out, err := exec.CommandContext(context.Background(), "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	file := strings.TrimSpace(string(out))
	if filepath.Base(file) != "go.mod" {
		return "", errors.New("run this inside the source tree: there is no go.mod around")
	}
	return filepath.Dir(file), nil
}

// environment is that of every process of the program. A program with the race
// detector would otherwise take a second longer to end.
func environment() []string { return append(os.Environ(), "GORACE=atexit_sleep_ms=0") }
