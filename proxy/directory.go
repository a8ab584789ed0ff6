package proxy

import (
	"context"

	"github.com/mysqlda/mysqlda/fsm"
)

// Directory is all that the data path sees of the cluster. Package cluster
// implements it. All methods may be called from any goroutine.
type Directory interface {
	// Resolve returns the core object's placement and assigns one on first
	// sight. A hit is answered from memory without waiting; a miss goes through
	// the cluster's log and returns after the assignment is durable on a
	// majority. Errors: fsm.ErrBadName, fsm.ErrNoOpenLibrary, fsm.ErrNoLeader,
	// fsm.ErrOverloaded, or the context's.
	Resolve(ctx context.Context, core string) (fsm.Placement, error)
	// ResolveCorrelated returns the placement of the core object to which
	// (class, object) is bound. It never assigns. Errors: as Resolve, and
	// fsm.ErrNoBinding.
	ResolveCorrelated(ctx context.Context, class, object string) (fsm.Placement, error)
	// Bind gives an assigned core object a second name. Binding it again to the
	// same core object is fine. Errors: as Resolve, and fsm.ErrNoPlacement,
	// fsm.ErrBound.
	Bind(ctx context.Context, class, object, core string) error
	// Locate returns the placement without assigning one. Errors: as Resolve, and
	// fsm.ErrNoPlacement.
	Locate(ctx context.Context, core string) (fsm.Placement, error)
	// Libraries returns the current libraries, never nil.
	Libraries() *fsm.LibrarySet
	// Settings returns the current settings, never nil once the node is ready.
	Settings() *fsm.Settings
	// Users returns who may log in, never nil.
	Users() *fsm.UserSet
	// Greetings returns what the libraries' servers say of themselves, by address,
	// as far as the cluster knows. It must not be changed.
	Greetings() map[string]fsm.Greeting
	// NodeNumber returns this node's number in the connection ids that it gives,
	// or 0 while it has none.
	NodeNumber() uint16
	// Kill has another node end a session, or only its statement, if it is that
	// user's; user "" stands for whoever's it is.
	// found tells whether there was one. Errors: the node could not be reached, or
	// the context's.
	Kill(ctx context.Context, number uint16, id uint32, user string, statementOnly bool) (found bool, err error)
	// Watch subscribes to changes until ctx ends; then the channel is closed.
	// Events of one kind that were not yet received are merged.
	Watch(ctx context.Context) <-chan fsm.Event
}
