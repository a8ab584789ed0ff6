package daemon

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

// casAttempts is how often a change that is computed from what is known is computed
// anew because somebody else was quicker.
const casAttempts = 5

// Configure implements admin.Node.
func (d *daemon) Configure(ctx context.Context, request admin.Configuration) (admin.Configured, error) {
	node, err := d.running()
	if err != nil {
		return admin.Configured{}, err
	}
	if request.ExpectRevision == nil && request.Settings.Failover != nil {
		revision, err := d.reconfigureAnyway(ctx, node, request)
		return admin.Configured{Revision: revision}, err
	}
	command, err := d.reconfigure(node, request)
	if err != nil {
		return admin.Configured{}, err
	}
	revision, err := node.Reconfigure(ctx, command)
	return admin.Configured{Revision: revision}, err
}

// reconfigureAnyway makes a change that replaces more than it names, the settings of
// failover, without undoing what somebody else changes at the same moment.
func (d *daemon) reconfigureAnyway(ctx context.Context, node *cluster.Node, request admin.Configuration) (revision uint64, err error) {
	for range casAttempts {
		if err := node.CatchUp(ctx); err != nil {
			return 0, err
		}
		known := node.Revision() // before the settings are read
		command, err := d.reconfigure(node, request)
		if err != nil {
			return 0, err
		}
		command.ExpectRevision = &known
		revision, err = node.Reconfigure(ctx, command)
		if !errors.Is(err, fsm.ErrStaleVersion) {
			return revision, err
		}
	}
	return 0, fmt.Errorf("%w: others changed the configuration each time that this was tried; try again", fsm.ErrStaleVersion)
}

// reconfigure is the command of a request.
func (d *daemon) reconfigure(node *cluster.Node, request admin.Configuration) (fsm.Reconfigure, error) {
	command := fsm.Reconfigure{ExpectRevision: request.ExpectRevision}
	for _, c := range request.Changes {
		change, err := libraryChange(c)
		if err != nil {
			return fsm.Reconfigure{}, err
		}
		command.Changes = append(command.Changes, change)
	}
	if err := d.sealChanges(command.Changes); err != nil {
		return fsm.Reconfigure{}, err
	}
	settings, err := settingsChange(request.Settings)
	if err != nil {
		return fsm.Reconfigure{}, err
	}
	if request.Settings.Failover != nil {
		known := node.Settings()
		if known == nil {
			return fsm.Reconfigure{}, fsm.ErrNoSettings
		}
		next, err := d.resealed(failoverChange(d.opened(known.Failover), *request.Settings.Failover), known.Failover)
		if err != nil {
			return fsm.Reconfigure{}, err
		}
		settings.Failover = &next
	}
	command.Settings = settings
	return command, nil
}

// Audit implements admin.Node.
func (d *daemon) Audit() ([]admin.AuditEntry, error) {
	node, err := d.running()
	if err != nil {
		return nil, err
	}
	entries := make([]admin.AuditEntry, 0, len(node.Audit()))
	for _, e := range node.Audit() {
		entries = append(entries, admin.AuditEntry{Index: e.Index, At: e.At, Who: printable(e.Who), From: printable(e.From), What: printable(e.What)})
	}
	return entries, nil
}

// printable keeps what strangers have said of themselves from moving a terminal's
// cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
