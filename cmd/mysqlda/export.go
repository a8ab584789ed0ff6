package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/savefile"
)

// exportOptions are the flags of `mysqlda export`.
type exportOptions struct {
	target target
	dir    string
	jsonl  string
	force  bool
}

func newExport() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export --dir DIR | --jsonl FILE",
		Short: "Write all placements and bindings into files",
		Long: `Write all placements and bindings into files, as they are at one moment after the
command was given. Any node that has a leader can be asked; it goes on serving.

--dir writes the files of the original mysqlda, which ` + "`mysqlda import`" + ` reads:
mysqlda.save and, for each correlated class, mysqlda.CLASS.save. When a record was
made is not known, so all have the time of the export. --jsonl writes one JSON
object a line into one file, or with - to the standard output; its last line has the
counts. Files appear when they are complete.`,
		Example: `  mysqlda export --dir /backup --http 10.0.0.1:13309
  mysqlda export --jsonl - -f n1.conf | gzip > directory.jsonl.gz`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error { return runExport(cmd, &o) }),
	}
	o.target.flags(cmd)
	cmd.Flags().StringVar(&o.dir, "dir", "", "`directory` for save files")
	cmd.Flags().StringVar(&o.jsonl, "jsonl", "", "`file` for JSON lines, - for the standard output")
	cmd.Flags().BoolVar(&o.force, "force", false, "replace files of the same name")
	return cmd
}

func runExport(cmd *cobra.Command, o *exportOptions) error {
	if (o.dir == "") == (o.jsonl == "") {
		return &usageError{errors.New("one of --dir and --jsonl is needed")}
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	client, err := o.target.client()
	if err != nil {
		return err
	}
	switch {
	case o.dir != "":
		return o.toDir(ctx, cmd, client)
	case o.jsonl == "-":
		out := bufio.NewWriter(cmd.OutOrStdout())
		_, _, err := client.Export(ctx, copyLines(out))
		return errors.Join(err, out.Flush())
	default:
		return o.toFile(ctx, cmd, client)
	}
}

func copyLines(out io.Writer) func([]byte, admin.ExportRecord) error {
	return func(line []byte, _ admin.ExportRecord) error {
		if _, err := out.Write(line); err != nil {
			return err
		}
		_, err := out.Write([]byte{'\n'})
		return err
	}
}

// toDir writes save files.
func (o *exportOptions) toDir(ctx context.Context, cmd *cobra.Command, client *admin.Client) (err error) {
	if err := o.checkDir(); err != nil {
		return err
	}
	w := savefile.NewWriter(o.dir, time.Now())
	defer func() { err = errors.Join(err, w.Discard()) }()
	_, end, err := client.Export(ctx, func(_ []byte, r admin.ExportRecord) error {
		switch {
		case r.Class != "":
			return w.Binding(r.Class, r.Object, r.Core)
		case r.Core != "":
			return w.Placement(r.Core, r.Library)
		default:
			return nil
		}
	})
	if err != nil {
		return err
	}
	paths, err := w.Commit()
	if err != nil {
		return err
	}
	for _, p := range paths {
		cmd.Println(p)
	}
	cmd.Printf("exported %d placements and %d bindings\n", end.Placements, end.Bindings)
	return nil
}

// checkDir refuses a directory with files of an earlier export: it could hold
// classes that are gone, which would then be taken for part of this one.
func (o *exportOptions) checkDir() error {
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "mysqlda.") && strings.HasSuffix(e.Name(), ".save") && !o.force {
			return fmt.Errorf("%s has a %s already; choose an empty directory, or --force to replace files of the same name", o.dir, e.Name())
		}
	}
	return nil
}

// toFile writes JSON lines.
func (o *exportOptions) toFile(ctx context.Context, cmd *cobra.Command, client *admin.Client) error {
	if _, err := os.Lstat(o.jsonl); err == nil && !o.force {
		return fmt.Errorf("%s exists; --force replaces it", o.jsonl)
	}
	draft, err := os.CreateTemp(filepath.Dir(o.jsonl), ".mysqlda-export-*")
	if err != nil {
		return err
	}
	out := bufio.NewWriter(draft)
	_, end, err := client.Export(ctx, copyLines(out))
	if err == nil {
		err = errors.Join(out.Flush(), draft.Sync())
	}
	if err = errors.Join(err, draft.Close()); err == nil {
		err = os.Rename(draft.Name(), o.jsonl)
	}
	if err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	if err := savefile.SyncDir(filepath.Dir(o.jsonl)); err != nil {
		return err
	}
	cmd.Printf("exported %d placements and %d bindings\n", end.Placements, end.Bindings)
	return nil
}
