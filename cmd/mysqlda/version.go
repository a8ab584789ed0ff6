package main

import (
	"runtime"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the release",
		Example: `  mysqlda version`,
		Args:    exactly(),
		Run: func(cmd *cobra.Command, _ []string) {
			cmd.Printf("mysqlda %s (%s %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}
