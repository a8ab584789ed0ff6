package cluster

import "sync"

// claim is an exclusive right that nobody waits for.
type claim struct{ mu sync.Mutex }

// Claim asks for the right to start, end, pause or otherwise injure a process or its
// disk. Who does not get it leaves the process alone.
func (c *claim) Claim() (release func(), ok bool) {
	if !c.mu.TryLock() {
		return nil, false
	}
	return sync.OnceFunc(c.mu.Unlock), true
}
