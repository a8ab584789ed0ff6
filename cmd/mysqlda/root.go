package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/terminal"
)

// Exit codes.
const (
	exitDone   = 0 // what was asked for is done
	exitFailed = 1
	exitUsage  = 2 // the command line makes no sense; nothing was tried
	// exitProblems: done, but for parts of the input that cannot be used or
	// contradict what is known. Each was reported.
	exitProblems = 3
	// exitDifferent: a dry run found that something would be changed.
	exitDifferent = 4
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "mysqlda",
		Short: "A clustered MySQL proxy that gives every core object a home library",
		Long: `mysqlda is a clustered MySQL proxy. It gives every core object (a customer, a
merchant, a device) a home library, one complete MySQL database, and remembers it
for ever on every node.

A first node:      mysqlda init -f mysqlda.conf
                   mysqlda start -f mysqlda.conf
Then, with MySQL:  mysql -h 127.0.0.1 -P 13306 -u calvin -p
                   > select library customer_1;

The command line of the original program works, too: mysqlda -a init is init, and
mysqlda -a start is start --background (without, with --no-daemon), with the config
file of -f or $HOME/etc/mysqlda.conf, the log level of --loglevel-debug to
--loglevel-fatal, and the save files that the original would read: that of -s or
$HOME/etc/mysqlda.save, and $HOME/etc/mysqlda.CLASS.save. -v is version.`,
		Example: `  mysqlda status --http 10.0.0.1:13309
  mysqlda help library`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newInit(), newStart(), newRestart(), newCheckRestart(),
		newJoin(), newLeave(), newRemove(),
		newStatus(), newTop(), newLocate(), newDoctor(), newStatements(),
		newLibrary(), newUser(), newSecret(), newSettings(), newApply(), newReload(), newAudit(), newRing(), newLog(),
		newImport(), newExport(), newBackup(), newRestore(), newInspect(), newRecover(), newDebug(),
		newCA(), newToken(), newGossip(),
		newVersion(),
	)
	return root
}

// exactly checks that a command gets the named arguments, no fewer and no more.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("%s is missing", strings.Join(names[len(args):], " "))
		case len(args) > len(names):
			return fmt.Errorf("there is an argument too many: %q", args[len(names)])
		default:
			return nil
		}
	}
}

// atMost checks that a command gets the named argument or none.
func atMost(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return exactly(name)(cmd, args)
	}
}

// oneOf says that a command was given none of its subcommands, or another word.
func oneOf(needs string, args []string) error {
	if len(args) == 0 {
		return errors.New(needs)
	}
	return fmt.Errorf("%s, not %q", needs, strings.Join(args, " "))
}

// failure is an error of a command that was understood and then failed.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usageError is an error of the command line that only the command itself finds.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// problemsError says that a command has done all but the parts that it reported.
type problemsError struct{ text string }

func (e *problemsError) Error() string { return e.text }

// differentError says that a dry run found differences, which it has shown.
type differentError struct{}

func (e *differentError) Error() string { return "something is different" }

// action marks the errors of a command, to tell them from cobra's own, which are
// all about the command line.
func action(do func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := do(cmd, args)
		if err == nil {
			return nil
		}
		return &failure{err}
	}
}

// exitCode prints the error of cmd on one line, of which a terminal obeys nothing, and chooses the code.
func exitCode(cmd *cobra.Command, err error, stderr io.Writer) int {
	if err == nil {
		return exitDone
	}
	if different := new(differentError); errors.As(err, &different) {
		return exitDifferent
	}
	line := terminal.Plain(strings.Join(strings.Fields(err.Error()), " "))
	if failed, usage := new(failure), new(usageError); errors.As(err, &failed) && !errors.As(err, &usage) {
		fmt.Fprintf(stderr, "mysqlda: %s\n", line)
		if problems := new(problemsError); errors.As(err, &problems) {
			return exitProblems
		}
		return exitFailed
	}
	fmt.Fprintf(stderr, "mysqlda: %s (see `%s --help`)\n", line, cmd.CommandPath())
	return exitUsage
}
