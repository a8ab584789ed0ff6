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
as by ` + "`library activate`" + `, before it leaves.

A node that gets SIGUSR1 or SIGHUP does the same with its own file, and logs what
comes of it.`,
		Example: `  mysqlda reload -f n1.conf --dry-run
  mysqlda reload -f n1.conf`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadForwards(t.file)
			if err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			return reloading{client: client, say: cmd.Println}.run(cmd.Context(), cfg, t.file, dryRun)
		}),
	}
	t.flags(cmd)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show the difference")
	required(cmd, "file")
	return cmd
}

// loadForwards reads a config file that is to be brought to a cluster.
func loadForwards(file string) (*config.Config, error) {
	cfg, err := config.Load(file)
	if err != nil {
		return nil, err
	}
	if cfg.Forwards == nil {
		return nil, fmt.Errorf("%s has no forwards", file)
	}
	return cfg, nil
}

// errLacksLibraries refuses a file without a library that the cluster has.
var errLacksLibraries = errors.New("libraries cannot be removed")

// reloading brings what a config file says to the cluster that client reaches. Say
// gets a line for each thing that is different or done.
type reloading struct {
	client *admin.Client
	say    func(line ...any)
}

func (r reloading) run(ctx context.Context, cfg *config.Config, file string, dryRun bool) error {
	plan, err := r.plan(ctx, cfg)
	if err != nil {
		return err
	}
	for _, line := range plan.Lines {
		r.say(line)
	}
	if len(plan.Missing) > 0 {
		return fmt.Errorf("nothing was changed: the cluster has libraries that %s lacks (%s), and %w; "+
			"put them back into the file, and use `mysqlda library close NAME` for one that shall get no new core objects",
			file, strings.Join(plan.Missing, ", "), errLacksLibraries)
	}
	switch {
	case len(plan.Lines) == 0:
		r.say("nothing to change")
		return nil
	case dryRun:
		r.say("dry run: nothing was changed")
		return nil
	}
	if err := r.apply(ctx, plan); err != nil {
		return err
	}
	r.say("applied")
	return nil
}

// plan compares the file with the cluster.
func (r reloading) plan(ctx context.Context, cfg *config.Config) (reload.Plan, error) {
	status, err := r.client.Status(ctx)
	if err != nil {
		return reload.Plan{}, err
	}
	if status.ClusterID == "" {
		return reload.Plan{}, errors.New(status.NotReady)
	}
	var different admin.SettingsDifference
	if wanted := reload.Failover(cfg.Failover); wanted != nil {
		if different, err = r.client.CompareSettings(ctx, admin.SettingsChange{Failover: wanted}); err != nil {
			return reload.Plan{}, err
		}
	}
	return reload.Compare(cfg, status, different.Settings), nil
}

// apply makes the changes in their order and says how far it came if it
// fails. What is done is not planned again.
func (r reloading) apply(ctx context.Context, plan reload.Plan) error {
	var done []string
	failed := func(err error) error {
		if done == nil {
			return err
		}
		return fmt.Errorf("%s, but the rest is not; run the command again when the reason is gone: %w", strings.Join(done, ", "), err)
	}
	if len(plan.Request.Changes) > 0 {
		if err := r.client.ChangeLibraries(ctx, plan.Request); err != nil {
			return err
		}
		done = append(done, "the libraries are changed")
	}
	for _, old := range plan.Replacements {
		if err := r.replaceActive(ctx, old); err != nil {
			return failed(err)
		}
		done = append(done, fmt.Sprintf("server %s of library %s is replaced", old.Old, old.Library))
	}
	if plan.Settings != (admin.SettingsChange{}) {
		if err := r.client.ChangeSettings(ctx, plan.Settings); err != nil {
			return failed(fmt.Errorf("changing the settings: %w", err))
		}
	}
	return nil
}

// replaceActive makes the first server of a library's new list the active one and
// takes the old one out of the list.
func (r reloading) replaceActive(ctx context.Context, old reload.Replacement) error {
	status, err := r.client.Status(ctx)
	if err != nil {
		return err
	}
	l, err := libraryNamed(status, old.Library)
	if err != nil {
		return err
	}
	// It may have failed over to that one meanwhile.
	if l.Active != old.Activate {
		if err := activate(ctx, r.say, r.client, old.Library, admin.ActivateRequest{Server: old.Activate}); err != nil {
			return err
		}
		if status, err = r.client.Status(ctx); err != nil {
			return err
		}
		if l, err = libraryNamed(status, old.Library); err != nil {
			return err
		}
	}
	isInterim := func(s admin.ServerStatus, address string) bool { return s.Address == address }
	if !slices.EqualFunc(l.Servers, old.Interim, isInterim) {
		return fmt.Errorf("somebody else has changed the servers of library %s meanwhile", old.Library)
	}
	// No version is expected: what follows a switch counts as changes, too.
	err = r.client.ChangeLibraries(ctx, admin.LibraryChanges{
		Changes: []admin.LibraryChange{{Op: admin.SetServers, Library: old.Library, Servers: old.Servers}},
	})
	if err != nil {
		return err
	}
	r.say(fmt.Sprintf("library %s: %s is not used any more", old.Library, old.Old))
	return nil
}
