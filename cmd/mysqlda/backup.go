package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/backupfile"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/wholefile"
)

func newBackup() *cobra.Command {
	var t target
	var out output
	var tell telling
	var force bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Save everything that the cluster remembers to a file",
		Long: `Save everything that the cluster remembers (libraries, placements, bindings, nodes
and settings) to a file, while it goes on serving. Any node will do. The backup
holds everything that was decided before the command began, so the cluster needs a
leader. It is checked as it is written. FILE appears when the backup is whole;
- stands for stdout.

FILE holds the account's password, and only its owner may read it.
` + "`mysqlda inspect FILE`" + ` shows what is in it, ` + "`mysqlda restore FILE`" + ` makes a new cluster
of it.`,
		Example: `  mysqlda backup mysqlda-$(date +%F).backup -f n1.conf
  mysqlda backup last.backup --force --http 10.0.0.1:13309
  mysqlda backup nightly.backup -f n1.conf -q -o json
  mysqlda backup - -f n1.conf | ssh vault 'umask 077; cat > mysqlda.backup'`,
		Args: exactly("FILE"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			tell.quiet = tell.quiet || out.forPrograms()
			if args[0] != "-" {
				if err := forceable(wholefile.CheckFree(args[0], force)); err != nil {
					return err
				}
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			// An interrupt takes away what was written so far.
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			began := time.Now()
			stream, err := client.Backup(ctx)
			if err != nil {
				return err
			}
			reader, done := tell.reading(cmd, "backup", stream)
			contents, summary, err := save(cmd, args[0], force, reader)
			done()
			if err := errors.Join(err, stream.Close()); err != nil {
				return fmt.Errorf("no backup was made: %w", err)
			}
			made := backupMade{File: args[0], Seconds: time.Since(began).Seconds(), Contents: contents}
			return out.print(summary, made, made.print)
		}),
	}
	t.flags(cmd)
	out.flags(cmd)
	tell.flags(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "replace FILE if it exists")
	return cmd
}

// save writes the backup and says where its summary is to be printed.
func save(cmd *cobra.Command, path string, force bool, stream io.Reader) (backupfile.Contents, io.Writer, error) {
	if path != "-" {
		contents, err := backupfile.Write(path, force, stream)
		return contents, cmd.OutOrStdout(), err
	}
	contents, err := backupfile.Read(io.TeeReader(stream, cmd.OutOrStdout()), backupfile.Question{})
	return contents, cmd.ErrOrStderr(), err
}

// backupMade is what is said of a backup.
type backupMade struct {
	File    string  `json:"file"` // - for stdout
	Seconds float64 `json:"seconds"`
	backupfile.Contents
}

func (b backupMade) print(w io.Writer) error {
	file := b.File
	if file == "-" {
		file = "the standard output"
	}
	_, err := fmt.Fprintf(w, "backup of entry %d written to %s: placements %d, bindings %d, digest %s, %d bytes, %.1f s\n",
		b.Index, file, b.Placements, b.Bindings, b.Digest, b.Bytes, b.Seconds)
	return err
}
