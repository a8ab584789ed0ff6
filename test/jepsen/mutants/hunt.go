package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// hunted is what became of a mutant, or of the unbroken program.
type hunted struct {
	name     string
	setting  Setting
	expected []string // checks; nil for the unbroken program, which is to pass
	caught   bool
	by       []judged
	seed     uint64 // of the last run
	took     time.Duration
	err      error
}

// well says whether it is as it should be.
func (h hunted) well() bool { return h.err == nil && h.caught == (h.expected != nil) }

// word says in one word what became of it.
func (h hunted) word() string {
	switch {
	case h.err != nil:
		return "error"
	case h.expected == nil && h.caught:
		return "false alarm"
	case h.expected == nil:
		return "silent"
	case !h.caught:
		return "survived"
	case h.asExpected():
		return "caught"
	default:
		return "caught otherwise"
	}
}

// asExpected says whether a check has found it that should.
func (h hunted) asExpected() bool {
	return slices.ContainsFunc(h.by, func(c judged) bool { return slices.Contains(h.expected, c.Name) })
}

// names of the checks that have found it.
func (h hunted) names() string {
	names := make([]string, len(h.by))
	for i, c := range h.by {
		names[i] = fmt.Sprintf("%s (%d)", c.Name, c.Findings)
	}
	return strings.Join(names, ", ")
}

// hunter has everything that is needed to hunt.
type hunter struct {
	root   string
	out    string
	jepsen jepsen
	seed   uint64 // of the first run of each
}

// hunt builds a mutant and makes runs until it is caught.
func (h *hunter) hunt(ctx context.Context, m Mutant) hunted {
	began := time.Now()
	dir := filepath.Join(h.out, m.Name)
	result := hunted{name: m.Name, setting: m.Setting, expected: m.Check}
	program, err := m.build(ctx, h.root, filepath.Join(dir, "source"))
	if err != nil {
		result.err = err
		return result
	}
	h.runs(ctx, &result, program, dir, m.Seeds)
	result.err = errors.Join(result.err, os.Remove(program)) // it is large, and there are many
	result.took = time.Since(began)
	return result
}

// control makes one run of the unbroken program, which is to pass.
func (h *hunter) control(ctx context.Context, program string, n int, s Setting) hunted {
	began := time.Now()
	result := hunted{name: fmt.Sprintf("unbroken %d", n), setting: s}
	h.runs(ctx, &result, program, filepath.Join(h.out, fmt.Sprintf("unbroken-%d", n)), 1)
	result.took = time.Since(began)
	return result
}

// runs makes runs until one is caught, at most so many.
func (h *hunter) runs(ctx context.Context, result *hunted, program, dir string, seeds int) {
	for n := range seeds {
		result.seed = h.seed + uint64(n)
		caught, v, err := h.jepsen.run(ctx, program, result.setting, result.seed, dir)
		if err != nil {
			result.err = err
			return
		}
		if caught {
			result.caught, result.by = true, v.failing()
			return
		}
	}
}

// settings are the different ones of mutants, in their order.
func settings(all []Mutant) []Setting {
	var different []Setting
	for _, m := range all {
		if !slices.Contains(different, m.Setting) {
			different = append(different, m.Setting)
		}
	}
	return different
}
