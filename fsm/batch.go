package fsm

import (
	"fmt"
	"slices"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// MaxBatchItems is the largest number of items in one Batch.
const MaxBatchItems = 4096

// Batch is the command that carries requests to the directory. Its items are
// applied in order, each for itself: one that is refused does not touch the
// others.
type Batch struct {
	// RingVersion is the version of the libraries that the proposer chose with.
	// It is for those who read the log; an item counts when its library takes
	// new core objects at the moment of applying it, whatever the version.
	RingVersion uint64
	// Items have been checked with Item.Check; at most MaxBatchItems.
	Items []Item
}

// Encode gives the log entry of the command.
func (b Batch) Encode() ([]byte, error) {
	if len(b.Items) > MaxBatchItems {
		return nil, fmt.Errorf("encode command: %d items in a batch, at most %d are allowed", len(b.Items), MaxBatchItems)
	}
	p := &fsmpb.Batch{RingVersion: b.RingVersion, Items: make([]*fsmpb.Item, len(b.Items))}
	for i, item := range b.Items {
		p.Items[i] = item.Proto()
	}
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_Batch{Batch: p}})
}

// BatchResult holds what became of a batch's items, in their order.
type BatchResult struct {
	Items []ItemResult
}

// applyBatch carries out the items. An error means that the mapping log cannot
// store any more, and this node must stop.
func (s *state) applyBatch(items []Item) (BatchResult, error) {
	r := BatchResult{Items: make([]ItemResult, 0, len(items))}
	for group := range slices.Chunk(items, touchAhead) {
		s.touchItems(group)
		for _, item := range group {
			result, err := s.applyItem(item)
			if err != nil {
				return BatchResult{}, err
			}
			r.Items = append(r.Items, result)
		}
	}
	return r, nil
}

// touchItems loads what the items will look at first; see index.touch.
func (s *state) touchItems(items []Item) {
	log := s.log.Load()
	for i := range items {
		if item := &items[i]; item.Kind != KindFind {
			log.placements.index.touch(log.hashCore(item.Core))
		}
		if item := &items[i]; item.Kind == KindBind || item.Kind == KindFind {
			log.bindings.index.touch(log.hashCorrelated(item.Class, item.Object))
		}
	}
}

func (s *state) applyItem(item Item) (ItemResult, error) {
	switch item.Kind {
	case KindAssign:
		return s.assign(item.Core, item.Library)
	case KindBind:
		return s.bind(item.Class, item.Object, item.Core)
	case KindLocate:
		return s.locate(item.Core), nil
	case KindFind:
		return s.find(item.Class, item.Object), nil
	default:
		return ItemResult{}, fmt.Errorf("the command has an item of a kind that this release does not know: upgrade this node")
	}
}

func (s *state) assign(core string, library LibraryID) (ItemResult, error) {
	if err := checkLen("core object", core, MaxCoreLen); err != nil {
		return ItemResult{Err: err}, nil
	}
	log := s.log.Load()
	at := log.seekPlacement(core)
	if at.found {
		return ItemResult{Placement: log.placementAt(at.offset())}, nil
	}
	if l := s.libraries.Load().ByID(library); l == nil || !l.takesNew() {
		return ItemResult{Retry: true}, nil
	}
	p := Placement{Core: core, Library: library, Epoch: 1}
	if err := log.addPlacement(at, p); err != nil {
		return ItemResult{}, err
	}
	s.tally.addPlacement(library)
	return ItemResult{Placement: p}, nil
}

func (s *state) bind(class, object, core string) (ItemResult, error) {
	for _, err := range []error{
		checkLen("core object", core, MaxCoreLen),
		checkLen("correlated class", class, MaxClassLen),
		checkLen("correlated object", object, MaxObjectLen),
	} {
		if err != nil {
			return ItemResult{Err: err}, nil
		}
	}
	log := s.log.Load()
	at := log.seekBinding(class, object)
	if at.found {
		if bound := log.boundTo(at.offset()); bound != core {
			return ItemResult{Err: fmt.Errorf("%w: class %s object %s is bound to %s, not to %s", ErrBound, class, object, bound, core)}, nil
		}
		return s.locate(core), nil
	}
	home := log.seekPlacement(core)
	if !home.found {
		return ItemResult{Err: fmt.Errorf("%w: %s", ErrNoPlacement, core)}, nil
	}
	if err := log.addBinding(at, home, Binding{Class: class, Object: object, Core: core}); err != nil {
		return ItemResult{}, err
	}
	return ItemResult{Placement: log.placementAt(home.offset())}, nil
}

func (s *state) locate(core string) ItemResult {
	p, ok := s.log.Load().locate(core)
	if !ok {
		return ItemResult{Err: fmt.Errorf("%w: %s", ErrNoPlacement, core)}
	}
	return ItemResult{Placement: p}
}

func (s *state) find(class, object string) ItemResult {
	core, ok := s.log.Load().find(class, object)
	if !ok {
		return ItemResult{Err: fmt.Errorf("%w: class %s object %s", ErrNoBinding, class, object)}
	}
	return s.locate(core)
}
