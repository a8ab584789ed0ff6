package fsm

import "slices"

// Locate returns the core object's placement. It does not wait for Apply and
// does not allocate. That there is none is true of this node only; to know it
// of the cluster, put a LocateItem through the log.
func (m *Machine) Locate(core string) (Placement, bool) {
	return m.state.Load().log.Load().locate(core)
}

// FindBinding returns the core object that (class, object) is bound to. As for
// Locate, a miss is true of this node only.
func (m *Machine) FindBinding(class, object string) (core string, ok bool) {
	return m.state.Load().log.Load().find(class, object)
}

// Libraries returns the current libraries, never nil.
func (m *Machine) Libraries() *LibrarySet { return m.state.Load().libraries.Load() }

// Settings returns the current settings, nil until the cluster is bootstrapped.
func (m *Machine) Settings() *Settings { return m.state.Load().settings.Load() }

// Users returns who may log in as a client, never nil.
func (m *Machine) Users() *UserSet { return m.state.Load().users.Load() }

// Nodes returns the known nodes in ascending order of their ids.
func (m *Machine) Nodes() []NodeInfo {
	return slices.Clone(m.state.Load().nodes.Load().known)
}

// Removed reports whether the node of that id was removed from the cluster, which is
// remembered of the last MaxRemovedNodes ones.
func (m *Machine) Removed(id string) bool {
	return slices.Contains(m.state.Load().nodes.Load().removed, id)
}

// Node returns the node of that id.
func (m *Machine) Node(id string) (NodeInfo, bool) {
	nodes := m.state.Load().nodes.Load()
	i, ok := nodes.find(id)
	if !ok {
		return NodeInfo{}, false
	}
	return nodes.known[i], true
}

// Greetings returns the recorded greetings of the libraries' servers by their
// addresses. The map must not be changed. It costs nothing to ask.
func (m *Machine) Greetings() map[string]Greeting { return *m.state.Load().greetings.Load() }

// Counts returns how much the directory holds after the last command applied.
func (m *Machine) Counts() Counts { return m.state.Load().tally.counts() }

// AppliedIndex returns the index of the last command that is part of the state.
func (m *Machine) AppliedIndex() uint64 {
	index, _, _ := m.Fingerprint()
	return index
}

// BegunIndex returns the index of the last command that Apply has begun.
// Placements and bindings can be read before their command is applied to its
// end: all that was read before the call is part of the state at this index.
func (m *Machine) BegunIndex() uint64 { return m.state.Load().begun.Load() }

// Fingerprint returns the chained hash of all commands up to index and the
// digest of the directory that they made. Before the first one all are zero.
func (m *Machine) Fingerprint() (index uint64, hash Hash, digest Digest) {
	s := m.state.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index, s.hash, s.digest
}

// FingerprintAt returns what Fingerprint returned when the command of that
// index had been applied. Remembered is false before that, and for commands
// older than the last historyLen ones or than the last Restore. If another
// command followed but none had that index, hash and digest are zero.
func (m *Machine) FingerprintAt(index uint64) (hash Hash, digest Digest, remembered bool) {
	s := m.state.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	f, remembered := s.history.at(index)
	return f.hash, f.digest, remembered
}
