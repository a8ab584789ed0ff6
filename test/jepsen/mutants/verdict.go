package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// verdict is what test/jepsen says of a run, as far as it counts here.
type verdict struct {
	Seed         uint64   `json:"seed"`
	Passed       bool     `json:"passed"`
	HarnessError string   `json:"harness_error"`
	Checks       []judged `json:"checks"`
}

type judged struct {
	Name     string `json:"name"`
	Findings int    `json:"findings"`
	First    string `json:"first"`
}

// failing are the checks that have found something.
func (v verdict) failing() []judged {
	var failing []judged
	for _, c := range v.Checks {
		if c.Findings > 0 {
			failing = append(failing, c)
		}
	}
	return failing
}

// readVerdict reads the verdict of the one run whose directory lies in dir.
func readVerdict(dir string) (verdict, error) {
	var found string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Base(path) == "verdict.json" {
			found = path
			return filepath.SkipAll
		}
		return err
	})
	if err != nil {
		return verdict{}, fmt.Errorf("look for the verdict: %w", err)
	}
	if found == "" {
		return verdict{}, errors.New("look for the verdict: there is none in " + dir)
	}
	b, err := os.ReadFile(found)
	if err != nil {
		return verdict{}, fmt.Errorf("read the verdict: %w", err)
	}
	var v verdict
	if err := json.Unmarshal(b, &v); err != nil {
		return verdict{}, fmt.Errorf("read the verdict %s: %w", found, err)
	}
	return v, nil
}
