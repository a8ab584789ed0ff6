package main

import (
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/jepsen/check"
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestEveryMutantBuilds(t *testing.T) {
	for _, m := range mutants() {
		t.Run(m.Name, func(t *testing.T) {
			root := root(t)
			files, err := m.mutate(root)
			if err != nil {
				t.Fatal(err)
			}
			for path, text := range files {
				formatted, err := format.Source([]byte(text))
				if err != nil {
					t.Errorf("%s: %v", path, err)
				} else if string(formatted) != text {
					t.Errorf("%s is not formatted", path)
				}
			}
			over, err := overlay(root, t.TempDir(), files)
			if err != nil {
				t.Fatal(err)
			}
			// The whole program would have to be linked for each.
			if err := goBuild(t.Context(), root, append([]string{"-overlay=" + over}, packages(files)...)...); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMutantsSayWhatCatchesThem(t *testing.T) {
	var names []string
	for _, m := range mutants() {
		if m.Name == "" || m.About == "" || len(m.Check) == 0 || m.Seeds < 1 || m.Nodes < 3 || m.Nemesis == "" || m.Workload == "" || m.Duration <= 0 {
			t.Errorf("mutant %q is not whole", m.Name)
		}
		if slices.Contains(names, m.Name) {
			t.Errorf("there are two mutants %s", m.Name)
		}
		names = append(names, m.Name)
		for _, name := range m.Check {
			if !slices.ContainsFunc(check.All, func(c check.Check) bool { return c.Name == name }) {
				t.Errorf("mutant %s is to be caught by %q, which is no check", m.Name, name)
			}
		}
	}
}

func TestAnEditThatDoesNotFitNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte("one two two\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, edits := range map[string][]Edit{
		"nowhere":       {{File: "a.go", Old: "three"}},
		"twice":         {{File: "a.go", Old: "two"}},
		"no such file":  {{File: "b.go", Old: "one"}},
		"replaced once": {{File: "a.go", Old: "one"}, {File: "a.go", Old: "one"}},
	} {
		m := Mutant{Name: "m", Edits: edits}
		_, err := m.mutate(dir)
		if err == nil || !strings.Contains(err.Error(), edits[0].File) || !strings.Contains(err.Error(), "has to be brought up to date") {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := Mutant{Edits: []Edit{{File: "a.go", Old: "one", New: "1"}, {File: "a.go", Old: "1 two", New: "3"}}}
	if files, err := m.mutate(dir); err != nil || files["a.go"] != "3 two\n" {
		t.Errorf("%q, %v", files, err)
	}
	m = Mutant{Files: []File{{Path: "a.go", Source: "overwrite.go.txt"}}}
	if _, err := m.mutate(dir); err == nil {
		t.Error("a file of the product was replaced as a whole")
	}
}

// TestMutantsNameChecksThatThereAre: one that is named otherwise would catch nothing.
func TestMutantsNameChecksThatThereAre(t *testing.T) {
	for _, m := range mutants() {
		for _, name := range m.Check {
			if !slices.ContainsFunc(check.All, func(c check.Check) bool { return c.Name == name }) {
				t.Errorf("%s: there is no check %q", m.Name, name)
			}
		}
	}
}
