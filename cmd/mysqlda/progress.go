package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/progress"
)

// telling is the value of -q, of commands that may take long.
type telling struct{ quiet bool }

func (t *telling) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&t.quiet, "quiet", "q", false, "do not tell how far it is")
}

// reading returns a reader of r; while it is read the command tells how far it is, but
// for -q. done ends that.
func (t *telling) reading(cmd *cobra.Command, what string, r io.Reader) (_ io.Reader, done func()) {
	counting := progress.NewReader(r)
	return counting, t.during(cmd, what, counting.State)
}

// during tells what state says until done is called, but for -q.
func (t *telling) during(cmd *cobra.Command, what string, state func() progress.State) (done func()) {
	if t.quiet {
		return func() {}
	}
	meter := progress.New(cmd.ErrOrStderr(), what)
	meter.Follow(state)
	return meter.Close
}

// elapsed is the state of work of which nothing can be counted.
func elapsed() progress.State { return progress.State{Share: -1} }

// wrapping is reading, for who opens a file itself.
func (t *telling) wrapping(cmd *cobra.Command, what string) func(io.Reader) (io.Reader, func()) {
	return func(r io.Reader) (io.Reader, func()) { return t.reading(cmd, what, r) }
}
