package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/fsm"
)

var _ admin.Node = (*daemon)(nil)

// running returns the cluster's node once it is open.
func (d *daemon) running() (*cluster.Node, error) {
	node := d.cluster.Load()
	switch {
	case d.stopping.Load():
		return nil, fmt.Errorf("%w: it is stopping", admin.ErrNotRunning)
	case node == nil:
		return nil, fmt.Errorf("%w yet: it is opening its data", admin.ErrNotRunning)
	}
	return node, nil
}

// Ready implements admin.Node.
func (d *daemon) Ready() error {
	node, err := d.running()
	server := d.proxy.Load()
	switch {
	case err != nil:
		return err
	case server == nil:
		return fmt.Errorf("%w yet: it is opening its data", admin.ErrNotRunning)
	case server.Ready(): // a moment after the node is
		return nil
	case node.Status().ClusterID == "":
		return cluster.ErrNotMember
	case d.waiting.Load():
		return errors.New("the node brings save files into the cluster before it lets clients in")
	default:
		return errors.New("the node is catching up with its cluster")
	}
}

// Locate implements admin.Node.
func (d *daemon) Locate(ctx context.Context, core string) (admin.Location, error) {
	node, err := d.running()
	if err != nil {
		return admin.Location{}, err
	}
	placement, err := node.Locate(ctx, core)
	if errors.Is(err, fsm.ErrNoPlacement) {
		return admin.Location{Core: core}, nil
	}
	if err != nil {
		return admin.Location{}, err
	}
	library := node.Libraries().ByID(placement.Library)
	if library == nil {
		return admin.Location{}, fmt.Errorf("core object %s lives in library %d, which this node does not know yet; ask again", core, placement.Library)
	}
	return admin.Location{Core: core, Library: library.Name}, nil
}

// ChangeLibraries implements admin.Node.
func (d *daemon) ChangeLibraries(ctx context.Context, request admin.LibraryChanges) error {
	node, err := d.running()
	if err != nil {
		return err
	}
	command := fsm.ChangeLibraries{ExpectVersion: request.ExpectVersion}
	for _, c := range request.Changes {
		change, err := libraryChange(c)
		if err != nil {
			return err
		}
		command.Changes = append(command.Changes, change)
	}
	if err := d.sealChanges(command.Changes); err != nil {
		return err
	}
	return node.ChangeLibraries(ctx, command)
}

func libraryChange(c admin.LibraryChange) (fsm.LibraryChange, error) {
	switch c.Op {
	case admin.AddLibrary:
		mode, err := tlsMode(cmp.Or(c.TLS, fsm.TLSOff.String()))
		if err != nil {
			return nil, err
		}
		c.Failover = cmp.Or(c.Failover, fsm.FailoverOrdered.String())
		failover, err := failoverOf(c)
		return fsm.AddLibrary{Name: c.Library, Weight: c.Weight, Servers: servers(c.Servers), TLS: mode, Failover: failover}, err
	case admin.SetWeight:
		return fsm.SetWeight{Library: c.Library, Weight: c.Weight}, nil
	case admin.OpenLibrary:
		return fsm.SetState{Library: c.Library, State: fsm.LibraryOpen}, nil
	case admin.CloseLibrary:
		return fsm.SetState{Library: c.Library, State: fsm.LibraryClosed}, nil
	case admin.DrainLibrary:
		return fsm.SetState{Library: c.Library, State: fsm.LibraryDraining}, nil
	case admin.SetServers:
		return fsm.SetServers{Library: c.Library, Servers: servers(c.Servers)}, nil
	case admin.SetTLS:
		mode, err := tlsMode(c.TLS)
		return fsm.SetTLS{Library: c.Library, TLS: mode}, err
	case admin.SetFailover:
		failover, err := failoverOf(c)
		return fsm.SetFailover{Library: c.Library, Failover: failover}, err
	case admin.PinLibrary, admin.UnpinLibrary:
		return fsm.SetPinned{Library: c.Library, Pinned: c.Op == admin.PinLibrary}, nil
	case admin.RemoveLibrary:
		return fsm.RemoveLibrary{Library: c.Library}, nil
	case admin.SetMaintenance:
		return fsm.SetMaintenance{Library: c.Library, Server: c.Server, Maintenance: c.Maintenance}, nil
	case admin.SetAccount:
		if c.Account == nil {
			return nil, fmt.Errorf("%w: account names no account", admin.ErrBadRequest)
		}
		return fsm.SetAccount{Library: c.Library, Account: fsm.Account{User: c.Account.User, Password: string(c.Account.Password)}}, nil
	default:
		return nil, fmt.Errorf("%w: unknown operation %q", admin.ErrBadRequest, c.Op)
	}
}

func tlsMode(word string) (fsm.TLSMode, error) {
	mode, ok := fsm.ParseTLSMode(word)
	if !ok {
		return 0, fmt.Errorf("%w: TLS is one of %s, not %q", admin.ErrBadRequest, strings.Join(fsm.TLSModes(), ", "), word)
	}
	return mode, nil
}

func failoverOf(c admin.LibraryChange) (fsm.Failover, error) {
	policy, ok := fsm.ParseFailoverPolicy(c.Failover)
	if !ok {
		return fsm.Failover{}, fmt.Errorf("%w: failover is one of %s, not %q", admin.ErrBadRequest, strings.Join(fsm.FailoverPolicies(), ", "), c.Failover)
	}
	return fsm.Failover{Policy: policy, Failback: c.Failback}, nil
}

// Backup implements admin.Node.
func (d *daemon) Backup(ctx context.Context) (*fsm.Snapshot, error) {
	node, err := d.running()
	if err != nil {
		return nil, err
	}
	return node.Backup(ctx)
}

// Join implements admin.Node.
func (d *daemon) Join(ctx context.Context, via []string) error {
	node, err := d.running()
	if err != nil {
		return err
	}
	if len(via) == 0 {
		return fmt.Errorf("%w: no address of a member was given", admin.ErrBadRequest)
	}
	for i, a := range via {
		if via[i], err = config.CheckAddress(a); err != nil {
			return fmt.Errorf("%w: %w", admin.ErrBadRequest, err)
		}
	}
	if err := d.checkJoin(node, via); err != nil {
		return err
	}
	err = node.Join(ctx, via)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no member that could let this node in answered at %s, which must be the internode address (cluster.listen) of a running member: %w",
			strings.Join(via, ", "), err)
	}
	return err
}

// Leave implements admin.Node. The process ends once the node has left.
func (d *daemon) Leave(ctx context.Context) error {
	node, err := d.running()
	if err != nil {
		return err
	}
	if err := node.Leave(ctx); err != nil {
		return err
	}
	d.end(errLeft)
	return nil
}

// Remove implements admin.Node.
func (d *daemon) Remove(ctx context.Context, id string) error {
	node, err := d.running()
	if err != nil {
		return err
	}
	if id == node.ID() {
		return fmt.Errorf("%w: %s is the node that was asked: let it leave instead, or ask another one", admin.ErrBadRequest, id)
	}
	return node.Remove(ctx, id)
}
