package fsm

import "fmt"

// ItemKind says what an Item asks for.
type ItemKind uint8

const (
	// KindAssign gives Core the home Library unless it has one.
	KindAssign ItemKind = iota + 1
	// KindBind gives Core the second name (Class, Object).
	KindBind
	// KindLocate asks where Core lives.
	KindLocate
	// KindFind asks for the core object that (Class, Object) is bound to.
	KindFind
)

// Item is one request to the directory. Make one with AssignItem, BindItem,
// LocateItem or FindItem; fields that the kind does not name are zero.
type Item struct {
	Kind          ItemKind
	Core          string
	Library       LibraryID
	Class, Object string
}

// AssignItem asks to give the core object a home, put-if-absent: the result is
// the placement that counts, be it this one or an older one.
func AssignItem(core string, library LibraryID) Item {
	return Item{Kind: KindAssign, Core: core, Library: library}
}

// BindItem asks to bind the correlated object to the core object, which must
// have a home. Binding again to the same core object is fine.
func BindItem(class, object, core string) Item {
	return Item{Kind: KindBind, Class: class, Object: object, Core: core}
}

// LocateItem asks where the core object lives without assigning it. Put through
// the log, the answer "it has no home" is linearizable.
func LocateItem(core string) Item {
	return Item{Kind: KindLocate, Core: core}
}

// FindItem asks for the placement of the core object to which the correlated
// object is bound. Put through the log, the answer "it is not bound" is
// linearizable.
func FindItem(class, object string) Item {
	return Item{Kind: KindFind, Class: class, Object: object}
}

// Check reports whether the item's names keep the rules of CheckName. Whoever
// proposes an item checks it first: Apply itself looks at lengths only, because
// what is printable is for the Unicode tables of a Go release to say, and nodes
// may be built with different ones.
func (i Item) Check() error {
	switch i.Kind {
	case KindAssign, KindLocate:
		return CheckName("core object", i.Core, MaxCoreLen)
	case KindBind:
		if err := CheckName("core object", i.Core, MaxCoreLen); err != nil {
			return err
		}
		return checkCorrelated(i.Class, i.Object)
	case KindFind:
		return checkCorrelated(i.Class, i.Object)
	default:
		return fmt.Errorf("%w: unknown kind of item %d", ErrBadChange, i.Kind)
	}
}

func checkCorrelated(class, object string) error {
	if err := CheckName("correlated class", class, MaxClassLen); err != nil {
		return err
	}
	return CheckName("correlated object", object, MaxObjectLen)
}

// checkLen is the part of CheckName that gives the same answer in every build.
func checkLen(what, s string, max int) error {
	if s == "" || len(s) > max {
		return fmt.Errorf("%w: %s has %d bytes, 1 to %d are allowed", ErrBadName, what, len(s), max)
	}
	return nil
}

// ItemResult is what became of an Item: exactly one of a placement, an error
// and Retry.
type ItemResult struct {
	// Placement is the core object's home: for KindFind and KindBind that of
	// the core object that the correlated object is bound to.
	Placement Placement
	// Err wraps ErrNoPlacement, ErrNoBinding, ErrBound or ErrBadName.
	Err error
	// Retry says that the library that the proposer chose took no new core
	// objects any more when the item was applied: nothing was stored, choose
	// again.
	Retry bool
}
