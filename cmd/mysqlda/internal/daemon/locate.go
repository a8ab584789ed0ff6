package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

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
	return located(node, placement)
}

// LocateCorrelated implements admin.Node.
func (d *daemon) LocateCorrelated(ctx context.Context, class, object string) (admin.Location, error) {
	node, err := d.running()
	if err != nil {
		return admin.Location{}, err
	}
	placement, err := node.ResolveCorrelated(ctx, class, object)
	if errors.Is(err, fsm.ErrNoBinding) {
		return admin.Location{Class: class, Object: object}, nil
	}
	if err != nil {
		return admin.Location{}, err
	}
	location, err := located(node, placement)
	location.Class, location.Object = class, object
	return location, err
}

func located(node *cluster.Node, placement fsm.Placement) (admin.Location, error) {
	library := node.Libraries().ByID(placement.Library)
	if library == nil {
		return admin.Location{}, fmt.Errorf("core object %s lives in library %d, which this node does not know yet; ask again", placement.Core, placement.Library)
	}
	return admin.Location{Core: placement.Core, Library: library.Name}, nil
}
