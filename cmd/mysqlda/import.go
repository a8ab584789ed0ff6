package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/importer"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/savefile"
	"github.com/mysqlda/mysqlda/fsm"
)

// importGrace is how long an import that is interrupted waits for the answers to
// what it has sent.
const importGrace = 5 * time.Second

// importOptions are the flags of `mysqlda import`.
type importOptions struct {
	target      target
	out         output
	telling     telling
	class       string
	classSet    bool
	rename      map[string]string
	fromLine    uint64
	dryRun      bool
	retryFor    time.Duration
	maxProblems int
	report      string
}

func newImport() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE [FILE...]",
		Short: "Bring the save files of the original mysqlda into the cluster",
		Long: `Bring the save files of the original mysqlda into the cluster, through any node,
while it serves clients. What is imported is as durable as what a session assigns.

A file called *.CLASS.save holds the correlated objects of that class, all others
hold placements (--class says otherwise). Placements go first. Each core object gets
the library that its line names, whatever state that is in; all libraries must
exist in the cluster under the same name, or be named with --library.

A line that is known already is counted and left alone, so an import may be run
again. A line that contradicts what the cluster knows changes nothing. Lines that
are torn are recognised; what cannot be read without doubt is not imported.
Every such line is reported with its number.

Exit code 0: all lines are in the cluster. 3: all but the reported ones are.
1: the import broke off; what it says is in, is in. 2: the command line is wrong.`,
		Example: `  mysqlda import mysqlda.save mysqlda.card_no.save --http 10.0.0.1:13309
  mysqlda import mysqlda.save --library mysql_data_1=library_1 --report bad.txt -f n1.conf
  mysqlda import mysqlda.save --dry-run -f n1.conf`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("FILE is missing")
			}
			return nil
		},
		RunE: action(func(cmd *cobra.Command, args []string) error {
			o.classSet = cmd.Flags().Changed("class")
			return runImport(cmd, &o, args)
		}),
	}
	o.target.flags(cmd)
	o.out.flags(cmd)
	o.telling.flags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.class, "class", "", "correlated `class` of the one file, \"\" for placements, whatever its name is")
	flags.StringToStringVar(&o.rename, "library", nil, "`old=new`: a library's name in the files and in the cluster")
	flags.Lookup("library").DefValue = "" // an empty list would show as []
	flags.Uint64Var(&o.fromLine, "from-line", 1, "`number` of the line of the one file to begin with")
	flags.BoolVar(&o.dryRun, "dry-run", false, "only read the files and compare their libraries with the cluster's")
	flags.DurationVar(&o.retryFor, "retry-for", time.Minute, "`duration` of trying again when there is no leader or a node does not answer")
	flags.IntVar(&o.maxProblems, "max-problems", 20, "`number` of problems to print")
	flags.StringVar(&o.report, "report", "", "`file` to write all problems to")
	return cmd
}

func runImport(cmd *cobra.Command, o *importOptions, paths []string) error {
	files, err := o.files(paths)
	if err != nil {
		return err
	}
	if err := o.distinct(paths); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	client, err := o.target.client()
	if err != nil {
		return err
	}
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	if status.NotReady != "" { // what it knows of the libraries may be old
		return fmt.Errorf("the node at %s is not ready: %s", client.Address(), status.NotReady)
	}
	summary, err := o.bring(ctx, stop, client, status, files, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if err := o.out.print(cmd.OutOrStdout(), summary, summary.print); err != nil {
		return err
	}
	switch n := summary.Problems(); {
	case n == 0:
		return nil
	case o.dryRun:
		return &problemsError{fmt.Sprintf("problems: %d; those lines would not get into the cluster", n)}
	default:
		return &problemsError{fmt.Sprintf("problems: %d; those lines are not in the cluster", n)}
	}
}

// bring puts the files into the cluster that status is of. What it has to say
// meanwhile goes to out. Stop is called when ctx ends, before it waits for answers.
func (o *importOptions) bring(ctx context.Context, stop func(), client *admin.Client, status admin.Status, files []importer.File, out io.Writer) (importSummary, error) {
	libraries, err := o.libraries(status)
	if err != nil {
		return importSummary{}, err
	}
	surveys, err := survey(files, libraries)
	if err != nil {
		return importSummary{}, err
	}
	notes, err := newImportNotes(out, o, surveys)
	if err != nil {
		return importSummary{}, err
	}
	run := importRun{options: o, files: files, surveys: surveys, notes: notes, stop: stop}
	summary, err := run.run(ctx, client, status, libraries)
	return summary, errors.Join(err, notes.close())
}

// files tells the files' classes and puts placements first.
func (o *importOptions) files(paths []string) ([]importer.File, error) {
	if err := o.out.check(); err != nil {
		return nil, err
	}
	if len(paths) > 1 && (o.classSet || o.fromLine > 1) {
		return nil, &usageError{errors.New("--class and --from-line are for one file")}
	}
	if o.retryFor < 0 || o.maxProblems < 0 || o.fromLine == 0 {
		return nil, &usageError{errors.New("--retry-for and --max-problems cannot be negative, --from-line counts from 1")}
	}
	var placements, bindings []importer.File
	for _, path := range paths {
		class := savefile.ClassOf(path)
		if o.classSet {
			class = o.class
		}
		if class == "" {
			placements = append(placements, importer.File{Path: path})
			continue
		}
		if err := fsm.CheckName("correlated class", class, fsm.MaxClassLen); err != nil {
			return nil, &usageError{fmt.Errorf("%s: %w", path, err)}
		}
		bindings = append(bindings, importer.File{Path: path, Class: class})
	}
	return append(placements, bindings...), nil
}

// distinct checks that no file is named twice, and that the report, which replaces
// what is there, is none of the files.
func (o *importOptions) distinct(paths []string) error {
	report, err := os.Stat(o.report)
	if err != nil {
		report = nil // nothing is there yet; what else is wrong shows when it is made
	}
	seen := make([]os.FileInfo, 0, len(paths))
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			continue // reading it will tell
		}
		if info.IsDir() {
			return fmt.Errorf("%s is a directory; name its files", path)
		}
		if report != nil && os.SameFile(report, info) {
			return &usageError{fmt.Errorf("--report %s is a file to import", o.report)}
		}
		if slices.ContainsFunc(seen, func(other os.FileInfo) bool { return os.SameFile(other, info) }) {
			return &usageError{fmt.Errorf("%s is named twice", path)}
		}
		seen = append(seen, info)
	}
	return nil
}

// libraries gives the cluster's libraries the names that they have in the files.
func (o *importOptions) libraries(status admin.Status) (savefile.Libraries, error) {
	ids := make(map[string]fsm.LibraryID, len(status.Libraries))
	for _, l := range status.Libraries {
		ids[l.Name] = fsm.LibraryID(l.ID)
	}
	renamed := make(map[string]fsm.LibraryID, len(o.rename))
	for old, name := range o.rename {
		id, ok := ids[name]
		if !ok {
			return savefile.Libraries{}, &usageError{fmt.Errorf("--library %s=%s: the cluster has no library %s", old, name, name)}
		}
		renamed[old] = id
	}
	for old, id := range renamed {
		ids[old] = id
	}
	return savefile.NewLibraries(ids), nil
}

// survey looks at all files before anything is sent.
func survey(files []importer.File, libraries savefile.Libraries) ([]savefile.Survey, error) {
	surveys := make([]savefile.Survey, len(files))
	var unknown []string
	for i, f := range files {
		var err error
		if surveys[i], err = importer.Look(f, libraries); err != nil {
			return nil, err
		}
		for _, name := range surveys[i].Unknown() {
			unknown = append(unknown, fmt.Sprintf("%q in %s", name, f.Path))
		}
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("nothing was imported: the cluster does not have these libraries: %s; add them, or say with `mysqlda import --library old=new` what they are called here",
			strings.Join(unknown, ", "))
	}
	return surveys, nil
}

// importRun is one run over all files.
type importRun struct {
	options *importOptions
	files   []importer.File
	surveys []savefile.Survey
	notes   *importNotes
	stop    func() // lets the next Ctrl-C end the process
}

func (r *importRun) run(ctx context.Context, client *admin.Client, status admin.Status, libraries savefile.Libraries) (importSummary, error) {
	began := time.Now()
	sender := client.Importer(status.ClusterID, importer.Lanes)
	defer sender.Close()
	retrier := &importer.Retrier{Ask: sender.Import, For: r.options.retryFor, Notice: r.notes.retrying}
	retrier.Use(nodesAfter(client.Address(), status))
	send := retrier.Send
	if r.options.dryRun {
		send = func(context.Context, *fsm.Import) (admin.ImportResult, error) { return admin.ImportResult{}, nil }
	}
	i := importer.New(importer.Config{Libraries: libraries, Send: send, Problem: r.notes.problem, Grace: importGrace})
	r.notes.follow(i)
	defer context.AfterFunc(ctx, r.stop)()
	for n, file := range r.files {
		through, err := i.Run(ctx, file, r.surveys[n].Doubt, r.options.fromLine)
		if err == nil {
			continue
		}
		if errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
		return importSummary{}, r.brokenOff(n, through, err)
	}
	return importSummary{Totals: i.Progress(), DryRun: r.options.dryRun, Seconds: time.Since(began).Seconds()}, nil
}

// brokenOff says what is in the cluster and how to go on.
func (r *importRun) brokenOff(n int, through uint64, err error) error {
	if r.options.dryRun {
		return err
	}
	if through == 0 && n == 0 {
		return fmt.Errorf("%w; nothing is known to be in the cluster; run the same command again", err)
	}
	what := fmt.Sprintf("line %d of %s", through, r.files[n].Path)
	if n > 0 {
		what += " and everything in the files before it"
	}
	text := fmt.Sprintf("everything through %s is in the cluster but for the problems reported; the same command goes on", what)
	if len(r.files) == 1 {
		text += fmt.Sprintf(", and --from-line %d skips those lines", through+1)
	}
	return fmt.Errorf("%w; %s", err, text)
}

// nodesAfter lists the HTTP addresses of the cluster's nodes, the one that was
// asked first.
func nodesAfter(address string, status admin.Status) []string {
	list := []string{address}
	for _, n := range status.Nodes {
		if n.ID != status.Node && n.HTTP != "" {
			list = append(list, n.HTTP)
		}
	}
	return list
}

// importSummary is what an import says at its end.
type importSummary struct {
	importer.Totals
	DryRun  bool    `json:"dry_run"`
	Seconds float64 `json:"seconds"`
}

func (s importSummary) print(w io.Writer) error {
	rate := float64(s.Lines) / max(s.Seconds, 1e-9)
	if s.DryRun {
		_, err := fmt.Fprintf(w, "dry run, nothing was sent: read %d lines, %d bytes; torn %d, malformed %d\n", s.Lines, s.Bytes, s.Torn, s.Malformed)
		return err
	}
	_, err := fmt.Fprintf(w, "read %d lines, %d bytes in %.1f s, %.0f lines/s\nadded %d placements and %d bindings, already there %d\nproblems: conflicts %d, torn %d, malformed %d\n",
		s.Lines, s.Bytes, s.Seconds, rate, s.Placements, s.Bindings, s.Present, s.Conflicts, s.Torn, s.Malformed)
	return err
}
