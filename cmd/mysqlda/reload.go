package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
		Short: "Make the cluster's libraries, balancing and failover those of a config file",
		Long: `Show the difference between the forwards of a config file and the cluster's
libraries and apply it: new libraries, new servers, another order; weights, TLS,
failover, max_share, balance and the keys of the section failover where the file names
them. Libraries cannot be removed: a file that lacks one of the cluster's changes
nothing. The node that is asked is that of --http or, without it, the file's own.

The active server of a library stays the active one, whatever the order is. If the
file does not list it any more, the first server of the list becomes the active one,
as by ` + "`library activate`" + `, before it leaves.`,
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
	plan, err := planReload(cmd.Context(), client, cfg)
	if err != nil {
		return err
	}
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
	if err := applyReload(cmd, client, plan); err != nil {
		return err
	}
	cmd.Println("applied")
	return nil
}

// planReload compares the file with the cluster.
func planReload(ctx context.Context, client *admin.Client, cfg *config.Config) (reload.Plan, error) {
	status, err := client.Status(ctx)
	if err != nil {
		return reload.Plan{}, err
	}
	if status.ClusterID == "" {
		return reload.Plan{}, errors.New(status.NotReady)
	}
	var different admin.SettingsDifference
	if wanted := reload.Failover(cfg.Failover); wanted != nil {
		if different, err = client.CompareSettings(ctx, admin.SettingsChange{Failover: wanted}); err != nil {
			return reload.Plan{}, err
		}
	}
	return reload.Compare(cfg, status, different.Settings), nil
}

// applyReload makes the changes in their order and says how far it came if it
// fails. What is done is not planned again.
func applyReload(cmd *cobra.Command, client *admin.Client, plan reload.Plan) error {
	var done []string
	failed := func(err error) error {
		if done == nil {
			return err
		}
		return fmt.Errorf("%s, but the rest is not; run the command again when the reason is gone: %w", strings.Join(done, ", "), err)
	}
	if len(plan.Request.Changes) > 0 {
		if err := client.ChangeLibraries(cmd.Context(), plan.Request); err != nil {
			return err
		}
		done = append(done, "the libraries are changed")
	}
	for _, r := range plan.Replacements {
		if err := replaceActive(cmd, client, r); err != nil {
			return failed(err)
		}
		done = append(done, fmt.Sprintf("server %s of library %s is replaced", r.Old, r.Library))
	}
	if plan.Settings != (admin.SettingsChange{}) {
		if err := client.ChangeSettings(cmd.Context(), plan.Settings); err != nil {
			return failed(fmt.Errorf("changing the settings: %w", err))
		}
	}
	return nil
}

// replaceActive makes the first server of a library's new list the active one and
// takes the old one out of the list.
func replaceActive(cmd *cobra.Command, client *admin.Client, r reload.Replacement) error {
	status, err := client.Status(cmd.Context())
	if err != nil {
		return err
	}
	l, err := libraryNamed(status, r.Library)
	if err != nil {
		return err
	}
	// It may have failed over to that one meanwhile.
	if l.Active != r.Activate {
		if err := activate(cmd, client, r.Library, admin.ActivateRequest{Server: r.Activate}); err != nil {
			return err
		}
		if status, err = client.Status(cmd.Context()); err != nil {
			return err
		}
		if l, err = libraryNamed(status, r.Library); err != nil {
			return err
		}
	}
	isInterim := func(s admin.ServerStatus, address string) bool { return s.Address == address }
	if !slices.EqualFunc(l.Servers, r.Interim, isInterim) {
		return fmt.Errorf("somebody else has changed the servers of library %s meanwhile", r.Library)
	}
	// No version is expected: what follows a switch counts as changes, too.
	err = client.ChangeLibraries(cmd.Context(), admin.LibraryChanges{
		Changes: []admin.LibraryChange{{Op: admin.SetServers, Library: r.Library, Servers: r.Servers}},
	})
	if err != nil {
		return err
	}
	cmd.Printf("library %s: %s is not used any more\n", r.Library, r.Old)
	return nil
}
