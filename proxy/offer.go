package proxy

import (
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// offer is what clients are greeted with. It mirrors the libraries' servers, so
// that a client cannot tell the node from them.
type offer struct {
	version      string
	collation    uint8
	capabilities wire.Capability
}

// newOffer makes the offer from what the cluster knows of the servers. Version
// and collation are those of one server: the active one of the default library,
// or of the first library that has a known one. Of the capabilities those are
// offered that all known servers have, because any of them may come to serve the
// session.
func newOffer(set *fsm.LibrarySet, greetings map[string]fsm.Greeting, defaultLibrary string) offer {
	o := offer{version: DefaultServerVersion, collation: DefaultCollation}
	shared, known, preferred := ^wire.Capability(0), false, false
	for _, library := range set.All() {
		for _, server := range library.Servers {
			g, ok := greetings[server.Address]
			if !ok {
				continue
			}
			shared &= wire.Capability(g.Capabilities)
			prefer := library.Name == defaultLibrary && server.Address == library.Active
			if !known || prefer && !preferred {
				o.version, o.collation = g.Version, g.Collation
			}
			known, preferred = true, preferred || prefer
		}
	}
	if !known {
		shared = wire.OfferedCapabilities
	}
	o.capabilities = wire.OwnCapabilities | shared&wire.SupportedCapabilities
	return o
}

// updateOffer makes the next clients be greeted with what is known now.
func (server *Server) updateOffer() {
	directory := server.cfg.Directory
	settings := directory.Settings()
	if settings == nil {
		return // not ready: nobody is greeted
	}
	o := newOffer(directory.Libraries(), directory.Greetings(), settings.DefaultLibrary)
	server.offer.Store(&o)
}
