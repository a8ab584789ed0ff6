package main

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

// release is what `mysqlda version` prints.
type release struct {
	Version string `json:"version"`
	Go      string `json:"go"` // that built it
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func newVersion() *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the release",
		Example: `  mysqlda version
  mysqlda version -o json`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			r := release{version, runtime.Version(), runtime.GOOS, runtime.GOARCH}
			return out.print(cmd.OutOrStdout(), r, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "mysqlda %s (%s %s/%s)\n", r.Version, r.Go, r.OS, r.Arch)
				return err
			})
		}),
	}
	out.flags(cmd)
	return cmd
}
