package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// moduleRoot finds the module's root above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the source: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find the source: there is no go.mod above the working directory")
		}
	}
}

// overlay writes files to dir and tells the compiler to take them for those of the
// source below root. It returns the path of what says so.
func overlay(root, dir string, files map[string]string) (string, error) {
	replace := make(map[string]string, len(files))
	for path, text := range files {
		at := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return "", fmt.Errorf("write the mutant's source: %w", err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			return "", fmt.Errorf("write the mutant's source: %w", err)
		}
		replace[filepath.Join(root, filepath.FromSlash(path))] = at
	}
	b, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		return "", fmt.Errorf("write the mutant's source: %w", err)
	}
	return path, nil
}

// build builds the mutant's program and returns its path below dir.
func (m *Mutant) build(ctx context.Context, root, dir string) (string, error) {
	files, err := m.mutate(root)
	if err != nil {
		return "", err
	}
	over, err := overlay(root, dir, files)
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "mysqlda")
	if err := goBuild(ctx, root, "-overlay="+over, "-o", program, "./cmd/mysqlda"); err != nil {
		return "", fmt.Errorf("mutant %s: %w", m.Name, err)
	}
	return program, nil
}

// goBuild runs go build in root. The error has what the compiler says.
func goBuild(ctx context.Context, root string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build"}, args...)...)
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", strings.Join(args, " "), err, said)
	}
	return nil
}
