package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/savefile"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/wholefile"
	"github.com/mysqlda/mysqlda/fsm"
)

// exportOptions are the flags of `mysqlda export`.
type exportOptions struct {
	target target
	out    output
	tell   telling
	backup string
	dir    string
	jsonl  string
	force  bool
}

func newExport() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export --dir DIR | --jsonl FILE",
		Short: "Write all placements and bindings into files",
		Long: `Write all placements and bindings into files: those of a running cluster, as they are
at one moment after the command was given, or those of a backup. Any node that has a
leader can be asked; it goes on serving.

--dir writes the files of the original mysqlda, which ` + "`mysqlda import`" + ` reads:
mysqlda.save and, for each correlated class, mysqlda.CLASS.save. When a record was
made is not known, so all have the time of the export. --jsonl writes one JSON
object a line into one file, or with - to the standard output; its last line has the
counts. Files appear when they are complete.`,
		Example: `  mysqlda export --dir /backup --http 10.0.0.1:13309
  mysqlda export --jsonl - -f n1.conf | gzip > directory.jsonl.gz
  mysqlda export --jsonl directory.jsonl --backup last.backup`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error { return runExport(cmd, &o) }),
	}
	o.target.flags(cmd)
	o.out.flags(cmd)
	o.tell.flags(cmd)
	cmd.Flags().StringVar(&o.backup, "backup", "", "read this backup `file` instead of asking a node")
	cmd.Flags().StringVar(&o.dir, "dir", "", "`directory` for save files")
	cmd.Flags().StringVar(&o.jsonl, "jsonl", "", "`file` for JSON lines, - for the standard output")
	cmd.Flags().BoolVar(&o.force, "force", false, "replace files of the same name")
	return cmd
}

func runExport(cmd *cobra.Command, o *exportOptions) error {
	if err := o.out.check(); err != nil {
		return err
	}
	o.tell.quiet = o.tell.quiet || o.out.forPrograms()
	if (o.dir == "") == (o.jsonl == "") {
		return &usageError{errors.New("either --dir or --jsonl is needed")}
	}
	if flags := cmd.Flags(); o.backup != "" && (flags.Changed("http") || flags.Changed("file")) {
		return &usageError{errors.New("--backup asks no node: leave out --http and --file")}
	}
	if err := o.check(); err != nil {
		return err
	}
	// An interrupt takes away what was written so far.
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	backup, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer backup.Close()
	reader, done := o.tell.reading(cmd, "export", backup)
	switch {
	case o.dir != "":
		return o.toDir(cmd, reader, done)
	case o.jsonl == "-":
		defer done()
		_, err := o.toLines(reader, cmd.OutOrStdout())
		return err
	default:
		return o.toFile(cmd, reader, done)
	}
}

// check finds out what is in the way before a node is asked. A directory with files
// of an earlier export could hold classes that are gone, which would then be taken
// for part of this one.
func (o *exportOptions) check() error {
	if o.dir == "" {
		if o.jsonl == "-" {
			return nil
		}
		if same(o.jsonl, o.backup) {
			return &usageError{fmt.Errorf("--jsonl %s is the backup itself", o.jsonl)}
		}
		return forceable(wholefile.CheckFree(o.jsonl, o.force))
	}
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

// same reports whether both paths are there and name the same file.
func same(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// open returns the state that is exported, in the form of a backup.
func (o *exportOptions) open(ctx context.Context) (io.ReadCloser, error) {
	if o.backup != "" {
		return os.Open(o.backup)
	}
	client, err := o.target.client()
	if err != nil {
		return nil, err
	}
	return client.Backup(ctx)
}

// recordWriter is where an export's records go.
type recordWriter interface {
	Placement(core, library string) error
	Binding(class, object, core string) error
}

// export reads a backup to its end. Unless there is an error all records were
// written.
func (o *exportOptions) export(backup io.Reader, to recordWriter, begin func(fsm.SnapshotInfo) error) (info fsm.SnapshotInfo, err error) {
	err = fsm.ReadSnapshot(backup, fsm.SnapshotVisitor{
		Header: func(i fsm.SnapshotInfo) error {
			info = i
			return begin(i)
		},
		Placement: func(p fsm.Placement) error {
			return to.Placement(p.Core, info.Libraries.ByID(p.Library).Name)
		},
		Binding: func(b fsm.Binding) error { return to.Binding(b.Class, b.Object, b.Core) },
	})
	if err != nil && o.backup != "" {
		err = fmt.Errorf("%s: %w", o.backup, err)
	}
	return info, err
}

// toDir writes save files, and calls read when all of the backup was.
func (o *exportOptions) toDir(cmd *cobra.Command, backup io.Reader, read func()) (err error) {
	w := savefile.NewWriter(o.dir, o.force, time.Now())
	defer func() { err = errors.Join(err, w.Discard()) }()
	info, err := o.export(backup, w, func(fsm.SnapshotInfo) error { return nil })
	read()
	if err != nil {
		return err
	}
	paths, err := w.Commit()
	if err != nil {
		return err
	}
	return o.printExported(cmd, info, paths)
}

// toFile writes JSON lines into a file, and calls read when all of the backup was.
func (o *exportOptions) toFile(cmd *cobra.Command, backup io.Reader, read func()) (err error) {
	defer read()
	file, err := wholefile.Create(o.jsonl, o.force)
	if err != nil {
		return forceable(err)
	}
	defer func() { err = errors.Join(err, file.Discard()) }()
	info, err := o.toLines(backup, file)
	read()
	if err != nil {
		return err
	}
	if err := file.Commit(); err != nil {
		return forceable(err)
	}
	return o.printExported(cmd, info, []string{o.jsonl})
}

func (o *exportOptions) toLines(backup io.Reader, out io.Writer) (fsm.SnapshotInfo, error) {
	lines := newJSONLines(out)
	info, err := o.export(backup, lines, lines.begin)
	if err == nil {
		err = lines.end(info)
	}
	return info, err
}

// exported is what is said of an export into files.
type exported struct {
	Files      []string `json:"files"`
	Index      uint64   `json:"index"` // of the last entry of the log that is part of it
	Placements uint64   `json:"placements"`
	Bindings   uint64   `json:"bindings"`
	Digest     string   `json:"digest"`
}

func (o *exportOptions) printExported(cmd *cobra.Command, info fsm.SnapshotInfo, files []string) error {
	e := exported{files, info.Index, info.Placements, info.Bindings, info.Digest.String()}
	return o.out.print(cmd.OutOrStdout(), e, func(w io.Writer) error {
		if o.dir != "" { // the names are not what was named
			for _, file := range files {
				fmt.Fprintln(w, file)
			}
		}
		_, err := fmt.Fprintf(w, "exported %d placements and %d bindings of entry %d, digest %s\n", e.Placements, e.Bindings, e.Index, e.Digest)
		return err
	})
}

// forceable says how a file that is in the way can be replaced.
func forceable(err error) error {
	if errors.Is(err, wholefile.ErrExists) {
		return fmt.Errorf("%w; --force replaces it", err)
	}
	return err
}
