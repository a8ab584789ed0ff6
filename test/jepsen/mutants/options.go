package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// options are what the command line says.
type options struct {
	mutants []Mutant
	list    bool
	control bool
	out     string // "" for a new one
	jepsen  string // "" to build it
	seed    uint64
}

func parse(args []string, help io.Writer) (options, error) {
	var o options
	var names string
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.SetOutput(help)
	flags.StringVar(&names, "mutant", "", "`names` of mutants, separated by commas (default all); see --list")
	flags.BoolVar(&o.list, "list", false, "say what mutants there are and end")
	flags.BoolVar(&o.control, "control", true, "make the runs with the unbroken program first: the checks must be silent")
	flags.StringVar(&o.out, "out", "", "`directory` for what runs leave (default a new one)")
	flags.StringVar(&o.jepsen, "mysqlda-jepsen", "", "`path` of the test/jepsen program (default builds one)")
	flags.Uint64Var(&o.seed, "seed", 1, "of the first run of each mutant; each further run has the next one")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	var err error
	if o.mutants, err = choose(names); err != nil {
		return o, err
	}
	if o.jepsen != "" {
		if o.jepsen, err = filepath.Abs(o.jepsen); err != nil {
			return o, err
		}
	}
	return o, nil
}

// choose returns the mutants of those names, all for "".
func choose(names string) ([]Mutant, error) {
	all := mutants()
	if names == "" {
		return all, nil
	}
	var chosen []Mutant
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(m Mutant) bool { return m.Name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("there is no mutant %q; see --list", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// outDir makes the directory for what runs leave.
func outDir(out string) (string, error) {
	if out == "" {
		return os.MkdirTemp("", "mysqlda-mutants-")
	}
	out, err := filepath.Abs(out)
	if err != nil {
		return "", err
	}
	return out, os.MkdirAll(out, 0o755)
}

// errNotCaught says that a mutant survived, or that there was a false alarm.
var errNotCaught = errors.New("a mutant survived, or the unbroken program did not pass: see above")
