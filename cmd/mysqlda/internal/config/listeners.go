package config

import (
	"net"
	"strconv"
	"strings"
)

// listener is one of the four addresses of a node, with where the file says it.
type listener struct {
	key     string
	address string
	object  *object // where the file says it; nil for a default
	name    string
}

func (c *Config) decodeListeners(root, server *object, ip string, port int64) {
	// Who lets clients in from everywhere has not said that everybody may change
	// the cluster, and a node that is a cluster of its own has no need of the
	// other nodes' ports.
	private := ip
	if everyAddress(ip) {
		private = loopback
	}
	between := ip
	if root.find("cluster") == nil {
		between = private
	}
	listeners := []listener{
		{key: "server.listen_port", address: joinPort(ip, port), object: server, name: "listen_port"},
		{key: "cluster.listen", address: joinPort(between, port+clusterPortOffset)},
		{key: "cluster.gossip", address: joinPort(between, port+gossipPortOffset)},
		{key: "http.listen", address: joinPort(private, port+httpPortOffset)},
	}
	read := func(l *listener, o *object, name string) {
		var text string
		if !o.text(name, &text) {
			return
		}
		l.object, l.name = o, name
		address, err := CheckAddress(text)
		if err != nil {
			o.report(name, "%v", err)
			address = ""
		}
		l.address = address
	}
	c.Cluster.TLS.Mode = TLSOff
	c.HTTP.Access.Open = []string{PageProbes}
	c.Cluster.Present = root.section("cluster", func(o *object) {
		read(&listeners[1], o, "listen")
		read(&listeners[2], o, "gossip")
		c.decodeNodeTLS(o)
		c.decodePath(o, "gossip_key_file", &c.Cluster.GossipKeyFile)
		c.decodeJoin(o)
	})
	root.section("http", func(o *object) {
		read(&listeners[3], o, "listen")
		o.flag("debug", &c.HTTP.Debug)
		c.decodeHTTPAccess(o)
	})
	checkListeners(listeners)
	c.Cluster.Listen, c.Cluster.Gossip, c.HTTP.Listen = listeners[1].address, listeners[2].address, listeners[3].address
	c.warnOfStrangers()
}

// checkListeners reports ports that do not exist or that two listeners want.
func checkListeners(listeners []listener) {
	var noPort []string
	for i, l := range listeners {
		if l.object == nil && !validPort(l.address) {
			noPort = append(noPort, l.key)
			continue
		}
		for _, other := range listeners[:i] {
			if !overlap(l.address, other.address) {
				continue
			}
			switch {
			case l.object != nil:
				l.object.report(l.name, "%s is taken by %s", l.address, other.key)
			case other.object != nil:
				other.object.report(other.name, "%s is taken by the default of %s", other.address, l.key)
			}
		}
	}
	if noPort != nil {
		listeners[0].object.report(listeners[0].name, "leaves no port for the default of %s; set it", strings.Join(noPort, ", "))
	}
}

func validPort(address string) bool {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(text, 10, 16)
	return err == nil
}
