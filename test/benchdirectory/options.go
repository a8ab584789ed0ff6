package main

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// options are what the command line says.
type options struct {
	mysqlda string
	output  string
	dir     string // where temporary files go; "" is the system's place
	sizes   []int
	parts   []string
}

// The parts of a run.
const (
	partAlone   = "alone"   // package fsm by itself
	partCluster = "cluster" // nodes
)

func parse(args []string) (options, error) {
	var (
		o            options
		sizes, parts string
	)
	all := []string{partAlone, partCluster}
	flags := flag.NewFlagSet("bench-directory", flag.ContinueOnError)
	flags.StringVar(&o.mysqlda, "mysqlda", "bin/mysqlda", "`path` of the mysqlda program")
	flags.StringVar(&o.output, "o", "", "`file` whose part \""+writer+"\" the report replaces, beside stdout")
	flags.StringVar(&o.dir, "dir", "", "`directory` on a disk, for temporary files (default: the system's)")
	flags.StringVar(&sizes, "sizes", "1,10,50", "`millions` of core objects to measure with, separated by commas")
	flags.StringVar(&parts, "parts", strings.Join(all, ","), "what to measure: the state machine alone, a cluster, or both")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	var err error
	if o.sizes, err = parseSizes(sizes); err != nil {
		return o, err
	}
	for part := range strings.SplitSeq(parts, ",") {
		if part = strings.TrimSpace(part); !slices.Contains(all, part) {
			return o, fmt.Errorf("-parts: there is no %q; there are %s", part, strings.Join(all, ", "))
		}
		o.parts = append(o.parts, part)
	}
	// Nodes are started in a directory of their own.
	o.mysqlda, err = filepath.Abs(o.mysqlda)
	return o, err
}
