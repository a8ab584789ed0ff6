package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/bundle"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/wholefile"
)

func newDebug() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "debug",
		Short:   "Gather what is needed to find out what is wrong with a node",
		Example: `  mysqlda debug bundle -f n1.conf`,
		RunE: action(func(_ *cobra.Command, args []string) error {
			return &usageError{oneOf("debug needs bundle", args)}
		}),
	}
	cmd.AddCommand(newDebugBundle())
	return cmd
}

func newDebugBundle() *cobra.Command {
	var file, to, log string
	var out output
	cmd := &cobra.Command{
		Use:   "bundle -f FILE",
		Short: "Write what can be known of a node and its machine to one file",
		Long: `Write what can be known of a node and its machine to one file, a tar.gz: status with
settings, metrics, what ` + "`doctor`" + ` finds, the config as it was understood, the names and
sizes of files in data_dir, facts of the machine, and the end of a log with --log. With
"debug": true in the section http of the config also what the process is doing
(goroutines) and what takes its memory (heap).

Passwords are not in it; names of libraries, servers, nodes and users are, and a log may
name core objects. Parts that cannot be had, as while the node does not run, are left
out and told.`,
		Example: `  mysqlda debug bundle -f n1.conf
  mysqlda debug bundle -f n1.conf -O n1.tar.gz --log /var/log/mysqlda.log`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cfg, err := config.Load(file)
			if err != nil {
				return err
			}
			name := "mysqlda-debug-" + time.Now().UTC().Format("20060102T150405Z")
			if to == "" {
				to = name + ".tar.gz"
			}
			if err := bundleFree(wholefile.CheckFree(to, false)); err != nil {
				return err
			}
			parts, missing := bundle.Collect(cmd.Context(), bundle.Input{Config: cfg, Version: version, Log: log})
			if err := bundleFree(bundle.Write(to, name, parts)); err != nil {
				return err
			}
			wrote := bundleWritten{File: to, Parts: len(parts), Missing: append([]string{}, missing...)}
			return out.print(cmd.OutOrStdout(), wrote, func(w io.Writer) error {
				for _, text := range missing {
					cmd.PrintErrf("left out: %s\n", text)
				}
				_, err := fmt.Fprintf(w, "wrote %s, %s; look through it before you give it away\n", to, counted(len(parts), "part"))
				return err
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringVarP(&file, "file", "f", "", "the node's config `file`")
	flags.StringVarP(&to, "out", "O", "", "the `file` to write; never overwrites one (default mysqlda-debug-TIME.tar.gz)")
	flags.StringVar(&log, "log", "", "`file` that the node's log goes to, whose last MiB is taken")
	out.flags(cmd)
	required(cmd, "file")
	return cmd
}

// bundleWritten is what is said of a bundle.
type bundleWritten struct {
	File    string   `json:"file"`
	Parts   int      `json:"parts"`
	Missing []string `json:"missing"` // what could not be had, and why
}

// bundleFree says what to do about a file that is there.
func bundleFree(err error) error {
	if errors.Is(err, wholefile.ErrExists) {
		return fmt.Errorf("%w; name another one with -O", err)
	}
	return err
}
