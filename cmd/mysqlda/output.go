package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// output is the value of -o.
type output struct{ format string }

func (o *output) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.format, "output", "o", "table", "`format`: table or json")
}

func (o *output) check() error {
	if o.format == "table" || o.format == "json" {
		return nil
	}
	return &usageError{fmt.Errorf("-o: must be table or json, not %q", o.format)}
}

// print writes the value as JSON or with the given function.
func (o *output) print(w io.Writer, value any, table func(io.Writer) error) error {
	if o.format != "json" {
		return table(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
