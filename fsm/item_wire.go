package fsm

import (
	"fmt"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Proto gives the item's form for the log and for forwarding.
func (i Item) Proto() *fsmpb.Item {
	return &fsmpb.Item{
		Kind:    fsmpb.ItemKind(i.Kind),
		Core:    i.Core,
		Library: uint32(i.Library),
		Class:   i.Class,
		Object:  i.Object,
	}
}

// ItemFromProto reads a forwarded item and checks it (see Item.Check).
func ItemFromProto(p *fsmpb.Item) (Item, error) {
	item := itemFromLog(p)
	if p.GetKind() != fsmpb.ItemKind(item.Kind) {
		return Item{}, fmt.Errorf("%w: unknown kind of item %d", ErrBadChange, p.GetKind())
	}
	if err := item.Check(); err != nil {
		return Item{}, err
	}
	return item, nil
}

func itemsFromLog(p *fsmpb.Batch) []Item {
	items := make([]Item, len(p.GetItems()))
	for i, item := range p.GetItems() {
		items[i] = itemFromLog(item)
	}
	return items
}

// itemFromLog reads an item that its proposer has checked. Kinds outside of a
// byte become 0, which is no kind.
func itemFromLog(p *fsmpb.Item) Item {
	item := Item{
		Core:    p.GetCore(),
		Library: LibraryID(p.GetLibrary()),
		Class:   p.GetClass(),
		Object:  p.GetObject(),
	}
	if k := p.GetKind(); k > 0 && k <= fsmpb.ItemKind(KindFind) {
		item.Kind = ItemKind(k)
	}
	return item
}

// Proto gives the result's form for forwarding.
func (r ItemResult) Proto() *fsmpb.ItemResult {
	p := &fsmpb.ItemResult{Retry: r.Retry}
	if r.Err != nil {
		p.Error = ErrorProto(r.Err)
	} else if !r.Retry {
		p.Placement = &fsmpb.Placement{
			Core:    r.Placement.Core,
			Library: uint32(r.Placement.Library),
			Epoch:   r.Placement.Epoch,
		}
	}
	return p
}

// ItemResultFromProto reads a result that came back from the leader. One that
// says nothing at all becomes an error, so that it is never taken for a home.
func ItemResultFromProto(p *fsmpb.ItemResult) ItemResult {
	switch {
	case p.GetError() != nil:
		return ItemResult{Err: ErrorFromProto(p.GetError())}
	case p.GetRetry():
		return ItemResult{Retry: true}
	case p.GetPlacement().GetLibrary() == 0:
		return ItemResult{Err: fmt.Errorf("the leader's answer has neither a placement nor an error")}
	}
	return ItemResult{Placement: Placement{
		Core:    p.GetPlacement().GetCore(),
		Library: LibraryID(p.GetPlacement().GetLibrary()),
		Epoch:   p.GetPlacement().GetEpoch(),
	}}
}
