package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/reload"
)

func newReload() *cobra.Command {
	var t target
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "reload -f FILE",
		Short: "Make the cluster's libraries and balancing those of a config file",
		Long: `Show the difference between the forwards of a config file and the cluster's
libraries and apply it: new libraries, new servers, another order; weights, TLS,
max_share and balance where the file names them. Libraries cannot be removed: a
file that lacks one of the cluster's changes nothing. The node that is asked is
that of --http or, without it, the file's own.`,
		Example: `  mysqlda reload -f n1.conf --dry-run
  mysqlda reload -f n1.conf`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error { return reloadFile(cmd, &t, dryRun) }),
	}
	t.flags(cmd)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show the difference")
	required(cmd, "file")
	return cmd
}

func reloadFile(cmd *cobra.Command, t *target, dryRun bool) error {
	cfg, err := config.Load(t.file)
	if err != nil {
		return err
	}
	if cfg.Forwards == nil {
		return fmt.Errorf("%s has no forwards", t.file)
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	status, err := client.Status(cmd.Context())
	if err != nil {
		return err
	}
	if status.ClusterID == "" {
		return errors.New(status.NotReady)
	}
	plan := reload.Compare(cfg, status)
	for _, line := range plan.Lines {
		cmd.Println(line)
	}
	if len(plan.Missing) > 0 {
		return fmt.Errorf("nothing was changed: the cluster has libraries that %s lacks (%s), and libraries cannot be removed; "+
			"put them back into the file, and use `mysqlda library close NAME` for one that shall get no new core objects",
			t.file, strings.Join(plan.Missing, ", "))
	}
	switch {
	case len(plan.Lines) == 0:
		cmd.Println("nothing to change")
		return nil
	case dryRun:
		cmd.Println("dry run: nothing was changed")
		return nil
	}
	if len(plan.Request.Changes) > 0 {
		if err := client.ChangeLibraries(cmd.Context(), plan.Request); err != nil {
			return err
		}
	}
	if plan.Settings != (admin.SettingsChange{}) {
		if err := client.ChangeSettings(cmd.Context(), plan.Settings); err != nil {
			if len(plan.Request.Changes) > 0 {
				err = fmt.Errorf("the libraries are changed, but max_share and balance are not: %w", err)
			}
			return err
		}
	}
	cmd.Println("applied")
	return nil
}
