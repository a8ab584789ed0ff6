package main

import "github.com/spf13/cobra"

const expectRevision = "expect-revision"

// configurationTarget is the node that is asked to change libraries or settings, and
// the revision of these that the change is meant for.
type configurationTarget struct {
	changeTarget
	revision uint64 // see expected
}

func (t *configurationTarget) flags(cmd *cobra.Command) {
	t.changeTarget.flags(cmd)
	cmd.Flags().Uint64Var(&t.revision, expectRevision, 0, "change nothing unless the configuration is at this `revision`, as apply --dry-run shows it")
}

// expected is the revision of --expect-revision, nil without it.
func (t *configurationTarget) expected(cmd *cobra.Command) *uint64 {
	if !cmd.Flags().Changed(expectRevision) {
		return nil
	}
	return &t.revision
}
