package backend

import "time"

// HeldWithFirstLease is Held for an answer that has come while this node waits for its
// first lease, because a library has just come to be one that may fail over. Until then
// none was needed, and the connection was used rightly; so it waits for the lease, for
// the settings' Failover.Wait at most, and then Held has the say. A node that had a lease
// and has lost it does not wait.
func (c *Conn) HeldWithFirstLease() bool {
	m := c.manager
	patience := time.NewTimer(m.patience())
	defer patience.Stop()
	for {
		table, renewed := m.routes.Load(), m.cfg.Lease.Renewed()
		awaited := m.cfg.Lease.Awaited() // before it is asked for
		if c.Held() {
			return true
		}
		r := table.byLibrary[c.library]
		if l := m.cfg.Libraries().ByID(c.library); r != nil && !r.leased && l != nil && l.MayFailOver() {
			awaited = true // the routes will say so in a moment
		}
		if !awaited || c.severed.Load() || r == nil || r.epoch != c.epoch {
			return false
		}
		select {
		case <-table.replaced:
		case <-renewed:
		case <-patience.C:
			return false
		case <-m.ctx.Done():
			return false
		}
	}
}
