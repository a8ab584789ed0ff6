package main

import (
	"embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sources are the files that mutants add. Their names end with .txt so that they are
// no part of this package.
//
//go:embed sources
var sources embed.FS

// mutate returns the files that a mutant changes or adds, by their paths from the
// module's root. The error says which edit does not fit the source any more.
func (m *Mutant) mutate(root string) (map[string]string, error) {
	files := make(map[string]string)
	for _, e := range m.Edits {
		text, known := files[e.File]
		if !known {
			b, err := os.ReadFile(filepath.Join(root, e.File))
			if err != nil {
				return nil, fmt.Errorf("mutant %s: %w; the mutant has to be brought up to date", m.Name, err)
			}
			text = string(b)
		}
		if n := strings.Count(text, e.Old); n != 1 {
			return nil, fmt.Errorf("mutant %s: %s has %d times what is to be replaced, not once; the mutant has to be brought up to date:\n%s", m.Name, e.File, n, e.Old)
		}
		files[e.File] = strings.Replace(text, e.Old, e.New, 1)
	}
	for _, f := range m.Files {
		if _, err := os.Stat(filepath.Join(root, f.Path)); err == nil {
			return nil, fmt.Errorf("mutant %s: the product has a file %s itself; the mutant has to be brought up to date", m.Name, f.Path)
		}
		b, err := sources.ReadFile("sources/" + f.Source)
		if err != nil {
			return nil, fmt.Errorf("mutant %s: %w", m.Name, err)
		}
		files[f.Path] = string(b)
	}
	return files, nil
}

// packages are those that the files belong to, as the go command names them.
func packages(files map[string]string) []string {
	dirs := make(map[string]bool)
	for path := range files {
		dirs["./"+filepath.ToSlash(filepath.Dir(path))] = true
	}
	return slices.Sorted(maps.Keys(dirs))
}
