package main

import (
	"fmt"
	"strings"
	"time"
)

// Mutant is the product with a mistake, and how to catch it.
type Mutant struct {
	Name  string
	About string // what goes wrong, and what should notice
	Edits []Edit
	Files []File
	// Check names the checks of test/jepsen one of which is expected to find it.
	Check []string

	Setting
	Seeds int // how many runs it may take; each has the next seed
}

// Edit is a replacement in a file of the product. Old stands there exactly once.
type Edit struct {
	File     string // from the module's root
	Old, New string
}

// File is one that is added to the product.
type File struct {
	Path   string // from the module's root
	Source string // below sources
}

// Setting is what a run of test/jepsen is made of, beside its seed.
type Setting struct {
	Nodes    int
	Nemesis  string // names, separated by commas
	Workload string // names, separated by commas
	Duration time.Duration
}

// String tells the setting as in a table.
func (s Setting) String() string {
	return strings.Join([]string{
		fmt.Sprintf("%d nodes", s.Nodes), "nemesis " + s.Nemesis, "workload " + s.Workload, s.Duration.String(),
	}, ", ")
}
