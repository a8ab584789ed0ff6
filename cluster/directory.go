package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// Resolve returns the core object's placement and assigns one on first sight.
// A hit is answered from memory; a miss returns after the assignment is durable
// on a majority. Errors: fsm.ErrBadName, fsm.ErrNoOpenLibrary, fsm.ErrNoLeader
// (with ErrClosed, if this node stops), fsm.ErrOverloaded, ErrNotMember, or the
// context's.
func (n *Node) Resolve(ctx context.Context, core string) (fsm.Placement, error) {
	if p, ok := n.locate(core); ok {
		n.lookups.hits.Add(1)
		return p, nil
	}
	return n.place(ctx, "assign", fsm.AssignItem(core, 0))
}

// Locate returns the core object's placement and never assigns one. That there
// is none is the cluster's answer, not only this node's. Errors: as Resolve but
// for fsm.ErrNoOpenLibrary, and fsm.ErrNoPlacement.
func (n *Node) Locate(ctx context.Context, core string) (fsm.Placement, error) {
	if p, ok := n.locate(core); ok {
		n.lookups.hits.Add(1)
		return p, nil
	}
	return n.place(ctx, "locate", fsm.LocateItem(core))
}

// ResolveCorrelated returns the placement of the core object to which (class,
// object) is bound. It never assigns. Errors: as Locate, and fsm.ErrNoBinding.
func (n *Node) ResolveCorrelated(ctx context.Context, class, object string) (fsm.Placement, error) {
	if core, ok := n.find(class, object); ok {
		if p, ok := n.locate(core); ok {
			n.lookups.hits.Add(1)
			return p, nil
		}
	}
	return n.place(ctx, "resolve", fsm.FindItem(class, object))
}

// Bind gives an assigned core object a second name. Binding it again to the
// same core object is fine. Errors: as Resolve but for fsm.ErrNoOpenLibrary,
// and fsm.ErrNoPlacement, fsm.ErrBound.
func (n *Node) Bind(ctx context.Context, class, object, core string) error {
	if bound, ok := n.find(class, object); ok && bound == core {
		n.lookups.hits.Add(1)
		return nil
	}
	_, err := n.place(ctx, "bind", fsm.BindItem(class, object, core))
	return err
}

// locate looks a core object up in what this node has applied and in what it was
// told. An answer moves from the latter to the former, never back: whoever misses
// it in both meanwhile finds it at the second look.
func (n *Node) locate(core string) (fsm.Placement, bool) {
	if p, ok := n.machine.Locate(core); ok {
		return p, true
	}
	if p, ok := n.replica.decided.locate(core); ok {
		return p, true
	}
	return n.machine.Locate(core)
}

// find looks a correlated object up as locate does a core object.
func (n *Node) find(class, object string) (core string, ok bool) {
	if core, ok := n.machine.FindBinding(class, object); ok {
		return core, true
	}
	if core, ok := n.replica.decided.find(class, object); ok {
		return core, true
	}
	return n.machine.FindBinding(class, object)
}

// place has the cluster decide an item. What it returns this node knows from then
// on, whatever becomes of the leader, unless it had no room to remember it and
// has not applied it within ownWait. The library that the answer names it always
// knows.
func (n *Node) place(ctx context.Context, verb string, item fsm.Item) (fsm.Placement, error) {
	if err := item.Check(); err != nil {
		return fsm.Placement{}, err
	}
	m, err := n.current()
	if err != nil {
		return fsm.Placement{}, err
	}
	n.lookups.misses.Add(1)
	a, err := m.decide(ctx, item)
	if err != nil {
		return fsm.Placement{}, fmt.Errorf("%s %s: %w", verb, itemName(item), err)
	}
	if a.result.Err != nil {
		return fsm.Placement{}, a.result.Err
	}
	if a.known || m.awaitOwn(ctx, a.index) == nil || n.knowsLibrary(a.result.Placement) {
		return a.result.Placement, nil
	}
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	if err := m.replica.applied.wait(ctx, a.index); err != nil {
		return fsm.Placement{}, fmt.Errorf("%s %s: waiting for this node to learn of library %d: %w",
			verb, itemName(item), a.result.Placement.Library, timedOut(ctx, nil))
	}
	return a.result.Placement, nil
}

func (n *Node) knowsLibrary(p fsm.Placement) bool {
	return n.machine.Libraries().ByID(p.Library) != nil
}

// remember keeps what the leader answered to an item until this node has applied
// it, and reports whether the node knows it now. An answer that names a library
// of which this node has not heard is not kept: nobody could use it yet.
func (m *member) remember(index uint64, item fsm.Item, result fsm.ItemResult) bool {
	return result.Err == nil && !result.Retry && m.node.knowsLibrary(result.Placement) &&
		m.replica.decided.keep(index, item, result.Placement)
}

// ownWait bounds how long an answer that could not be remembered is held back
// until this node has applied it. The answer is right without it.
const ownWait = 100 * time.Millisecond

// awaitOwn waits until this node has applied index, at most for ownWait.
func (m *member) awaitOwn(ctx context.Context, index uint64) error {
	if m.replica.applied.passed(index) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, ownWait)
	defer cancel()
	return m.replica.applied.wait(ctx, index)
}

func itemName(item fsm.Item) string {
	if item.Kind == fsm.KindFind || item.Kind == fsm.KindBind {
		return item.Class + " " + item.Object
	}
	return item.Core
}

// Libraries returns the current libraries, never nil.
func (n *Node) Libraries() *fsm.LibrarySet { return n.machine.Libraries() }

// Settings returns the current settings, never nil once the node is ready.
func (n *Node) Settings() *fsm.Settings { return n.machine.Settings() }

// Revision is that of Libraries and Settings, which are to be read after it: see
// fsm.Machine.Revision.
func (n *Node) Revision() uint64 { return n.machine.Revision() }

// Audit returns the audit trail as this node has applied it: see fsm.Machine.Audit.
func (n *Node) Audit() []fsm.AuditEntry { return n.machine.Audit() }

// Watch subscribes to changes until ctx ends or the node is closed; then the
// channel is closed. Events that were not yet received are merged.
func (n *Node) Watch(ctx context.Context) <-chan fsm.Event {
	return n.replica.watch.subscribe(ctx)
}
