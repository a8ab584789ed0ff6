package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// report writes what became of all as a table, and of those that are not as they
// should be what there is to say.
func report(w io.Writer, all []hunted) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "mutant\t\tby\tseed\tafter")
	for _, h := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.0f s\n", h.name, h.word(), h.names(), strconv.FormatUint(h.seed, 10), h.took.Seconds())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, h := range all {
		var err error
		switch {
		case h.err != nil:
			_, err = fmt.Fprintf(w, "\n%s: %v\n", h.name, h.err)
		case h.expected == nil && h.caught:
			_, err = fmt.Fprintf(w, "\n%s (%s), seed %d: %s says of a program that is not broken: %s\n", h.name, h.setting, h.seed, h.by[0].Name, h.by[0].First)
		case !h.well():
			_, err = fmt.Fprintf(w, "\n%s survived %s: it should have been found by one of %q\n", h.name, h.setting, h.expected)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
