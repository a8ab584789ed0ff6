package fsm

// Libraries are the snapshot's libraries. All placements live in one of them.
func (s *Snapshot) Libraries() *LibrarySet { return s.libraries }

// Each calls back with all placements and then all bindings, each in the order
// in which they were added. It may be called from any goroutine, while Apply
// runs. The error is a callback's, or wraps ErrDamaged (see WriteTo): then what
// was given is useless.
func (s *Snapshot) Each(placement func(Placement) error, binding func(Binding) error) error {
	return s.mappings.walk(placement, binding)
}
