package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// The formats of -o.
const (
	asTable = "table"
	asJSON  = "json"
	asYAML  = "yaml"
)

// output is the value of -o.
type output struct{ format string }

func formats() []string { return []string{asTable, asJSON, asYAML} }

func (o *output) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.format, "output", "o", asTable, "`format`: "+strings.Join(formats(), ", "))
	completeFlag(cmd, "output", formats()...)
}

func (o *output) check() error {
	if slices.Contains(formats(), o.format) {
		return nil
	}
	return &usageError{fmt.Errorf("-o: must be one of %s, not %q", strings.Join(formats(), ", "), o.format)}
}

// print writes the value as JSON, as YAML with the same names, or with the given
// function, for people: then a terminal obeys nothing of it.
func (o *output) print(w io.Writer, value any, table func(io.Writer) error) error {
	switch o.format {
	case asJSON:
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	case asYAML:
		return writeYAML(w, value)
	default:
		return table(plainWriter{w})
	}
}

// forPrograms tells whether a program reads what is printed, rather than people.
func (o *output) forPrograms() bool { return o.format == asJSON || o.format == asYAML }
