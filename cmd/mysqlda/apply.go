package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/reload"
)

func newApply() *cobra.Command {
	cmd := newApplying("apply", applying{remove: true})
	cmd.Short = "Make the cluster's libraries, servers and settings those of a config file"
	cmd.Long = `Show the difference between a config file and the cluster and make the cluster as the
file says: libraries, their servers and the order of these; weights, TLS, failover,
max_share, balance and the keys of the section failover where the file names them. A
line begins with + for what is new, - for what goes, ~ for what changes.

All of it is one change: either all is made, or nothing and the error says why. It is
refused if somebody else has changed anything since the difference was shown;
--expect-revision demands that it is still the one of an earlier --dry-run.

A library that the file lacks is removed if no core object lives there. Otherwise
nothing is changed: ` + "`library close`" + ` keeps new objects away from it.

The active server of a library stays the active one, whatever the order is. If the
file does not list it any more, it stays until the rest is changed; then the first
server of the list becomes the active one, as by ` + "`library activate`" + `: transactions get
the time of --drain to end, other statements wait, and then the old one leaves the list.
If that does not work the error says what was changed, and another ` + "`apply`" + ` goes on.

The node that is asked is that of --http or, without it, the file's own.

The exit code of --dry-run is 0 if nothing is different and 4 if something is.`
	cmd.Example = `  mysqlda apply -f n1.conf --dry-run
  mysqlda apply -f n1.conf --wait
  mysqlda apply -f n1.conf --expect-revision 1207 --http 10.0.0.1:13309`
	return cmd
}

func newReload() *cobra.Command {
	cmd := newApplying("reload", applying{})
	cmd.Short = "Apply a config file, as the original's reload does: removes no library"
	cmd.Long = `Do what ` + "`mysqlda apply`" + ` does, by the name that the original has for it, but remove no
library: a file that lacks one of the cluster's changes nothing.

A node that gets SIGUSR1 or SIGHUP does the same with its own file, and logs what
comes of it.`
	cmd.Example = `  mysqlda reload -f n1.conf --dry-run
  mysqlda reload -f n1.conf`
	return cmd
}

func newApplying(name string, a applying) *cobra.Command {
	var t target
	var wait applyWait
	cmd := &cobra.Command{
		Use:  name + " -f FILE",
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if a.drain < minDrain || a.drain > admin.MaxDrain {
				return &usageError{fmt.Errorf("--drain must be from %s to %s, not %s", minDrain, admin.MaxDrain, a.drain)}
			}
			if err := wait.check(cmd); err != nil {
				return err
			}
			cfg, err := loadForwards(t.file)
			if err != nil {
				return err
			}
			if a.client, err = t.client(); err != nil {
				return err
			}
			a.say, a.expect = cmd.Println, t.expected(cmd)
			revision, err := a.run(cmd.Context(), cfg, t.file)
			if err != nil || !wait.wanted || a.dryRun {
				return err
			}
			return wait.run(cmd.Context(), a.client, revision, cmd.Println)
		}),
	}
	t.changeFlags(cmd)
	cmd.Flags().BoolVar(&a.dryRun, "dry-run", false, "only show the difference")
	cmd.Flags().DurationVar(&a.drain, "drain", 5*time.Second, "how long open transactions may take to end at an active server that goes")
	wait.flags(cmd)
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

// errLacksLibraries refuses a file without a library that is to stay.
var errLacksLibraries = errors.New("nothing was changed")

// applying brings what a config file says to the cluster that client reaches. Say
// gets a line for each thing that is different or done.
type applying struct {
	client *admin.Client
	say    func(line ...any)
	remove bool    // empty libraries that the file lacks
	expect *uint64 // the revision that is to be compared with, nil for any
	dryRun bool
	drain  time.Duration // for transactions at active servers that go; 0 for the default
}

// run returns the revision that the cluster has then. A dry run that finds a
// difference is a differentError.
func (a applying) run(ctx context.Context, cfg *config.Config, file string) (revision uint64, err error) {
	plan, err := a.plan(ctx, cfg)
	if err != nil {
		return 0, err
	}
	for _, line := range plan.Lines {
		a.say(line)
	}
	if err := a.lacks(plan.Missing, file); err != nil {
		return 0, err
	}
	revision = *plan.Request.ExpectRevision
	if a.dryRun {
		a.say(fmt.Sprintf("dry run: nothing was changed at revision %d", revision))
	}
	switch {
	case len(plan.Lines) == 0:
		a.say("nothing to change")
		return revision, nil
	case a.dryRun:
		return revision, &differentError{}
	}
	if revision, err = a.make(ctx, plan); err != nil {
		return 0, err
	}
	a.say("applied")
	return revision, nil
}

// lacks refuses a file that lacks libraries which are not removed.
func (a applying) lacks(missing []reload.Missing, file string) error {
	var stay []string
	for _, m := range missing {
		switch {
		case m.Placements > 0:
			stay = append(stay, fmt.Sprintf("%s with %d core objects", m.Library, m.Placements))
		case !a.remove:
			stay = append(stay, m.Library+", which is empty")
		}
	}
	if stay == nil {
		return nil
	}
	return fmt.Errorf("%w: the cluster has libraries that %s lacks (%s); put them back into the file, and use `mysqlda library close NAME` or `mysqlda library drain NAME` "+
		"for one that shall get no new core objects; `mysqlda library remove NAME` and `mysqlda apply` remove one in which none lives",
		errLacksLibraries, file, strings.Join(stay, "; "))
}

// plan compares the file with the cluster.
func (a applying) plan(ctx context.Context, cfg *config.Config) (reload.Plan, error) {
	status, err := a.client.Status(ctx)
	if err != nil {
		return reload.Plan{}, err
	}
	if status.ClusterID == "" {
		return reload.Plan{}, errors.New(status.NotReady)
	}
	if a.expect != nil && *a.expect != status.Revision {
		return reload.Plan{}, fmt.Errorf("nothing was changed: the configuration of the cluster is at revision %d, not %d: somebody has changed it meanwhile; "+
			"`mysqlda audit` says who, and --dry-run shows what is different now", status.Revision, *a.expect)
	}
	var different admin.SettingsDifference
	if wanted := reload.Failover(cfg.Failover); wanted != nil {
		if different, err = a.client.CompareSettings(ctx, admin.SettingsChange{Failover: wanted}); err != nil {
			return reload.Plan{}, err
		}
	}
	return reload.Compare(cfg, status, different.Settings, a.remove), nil
}

// make makes the changes: all but replacements at once, then these. It says how far
// it came if it fails. What is done is not planned again.
func (a applying) make(ctx context.Context, plan reload.Plan) (revision uint64, err error) {
	configured := admin.Configured{Revision: *plan.Request.ExpectRevision}
	done := []string{"libraries and settings are as the file says"}
	if !plan.Empty() {
		if configured, err = a.client.Configure(ctx, plan.Request); err != nil {
			return 0, err
		}
		done[0] = "libraries and settings are changed"
	}
	for i, old := range plan.Replacements {
		if configured, err = a.replaceActive(ctx, old, configured.Revision); err != nil {
			var left []string
			for _, r := range plan.Replacements[i:] {
				left = append(left, fmt.Sprintf("server %s of library %s is not replaced", r.Old, r.Library))
			}
			return 0, fmt.Errorf("%s, but %s; run the command again when the reason is gone: %w",
				strings.Join(done, ", "), strings.Join(left, ", "), err)
		}
		done = append(done, fmt.Sprintf("server %s of library %s is replaced", old.Old, old.Library))
	}
	return configured.Revision, nil
}

// replaceActive makes the first server of a library's new list the active one and
// takes the old one out of the list, unless somebody has changed something since that
// revision.
func (a applying) replaceActive(ctx context.Context, old reload.Replacement, revision uint64) (admin.Configured, error) {
	status, err := a.client.Status(ctx)
	if err != nil {
		return admin.Configured{}, err
	}
	l, err := libraryNamed(status, old.Library)
	if err != nil {
		return admin.Configured{}, err
	}
	// It may have failed over to that one meanwhile.
	if l.Active != old.Activate || l.Switch != nil {
		request := admin.ActivateRequest{Server: old.Activate, Drain: a.drain.Seconds()}
		if err := activate(ctx, a.say, a.client, old.Library, request); err != nil {
			return admin.Configured{}, err
		}
		if status, err = a.client.Status(ctx); err != nil {
			return admin.Configured{}, err
		}
		if l, err = libraryNamed(status, old.Library); err != nil {
			return admin.Configured{}, err
		}
	}
	isInterim := func(s admin.ServerStatus, address string) bool { return s.Address == address }
	if !slices.EqualFunc(l.Servers, old.Interim, isInterim) {
		return admin.Configured{}, fmt.Errorf("somebody else has changed the servers of library %s meanwhile", old.Library)
	}
	configured, err := a.client.Configure(ctx, admin.Configuration{
		ExpectRevision: &revision,
		Changes:        []admin.LibraryChange{{Op: admin.SetServers, Library: old.Library, Servers: old.Servers}},
	})
	if err != nil {
		return admin.Configured{}, err
	}
	a.say(fmt.Sprintf("library %s: %s is not used any more", old.Library, old.Old))
	return configured, nil
}
