package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listener is an address of the node, as the file has it.
type listener struct{ key, network, address string }

// portChecks sees whether the node can listen where the file says, or listens there.
func portChecks(ctx context.Context, v *view) []Finding {
	var found []Finding
	for _, l := range []listener{
		{"server.listen_port", "tcp", v.cfg.Server.Listen},
		{"cluster.listen", "tcp", v.cfg.Cluster.Listen},
		{"cluster.gossip", "tcp", v.cfg.Cluster.Gossip},
		{"cluster.gossip", "udp", v.cfg.Cluster.Gossip},
		{"http.listen", "tcp", v.cfg.HTTP.Listen},
	} {
		found = append(found, l.check(ctx, v))
	}
	return found
}

func (l listener) check(ctx context.Context, v *view) Finding {
	check := "port " + l.key + " " + l.network
	err := l.bind(ctx)
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && v.listens(l):
		return ok(check, "%s is this node's, which runs", l.address)
	case errors.Is(err, syscall.EADDRINUSE):
		seen := l.address + " is taken by another program"
		if v.runs && !v.own && l.key == "http.listen" {
			seen = fmt.Sprintf("%s is taken by node %s, and this file is of node %s", l.address, v.status.Node, v.cfg.Node.ID)
		}
		return problem(check, seen, fmt.Sprintf("end that (`ss -anp '%s'` names it), or set another port", sourcePort(l.address)))
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return problem(check, l.address+" is no address of this machine", "set one that `ip address` shows, or 0.0.0.0 for all")
	case errors.Is(err, syscall.EACCES):
		return problem(check, l.address+" needs rights that this user lacks", "set a port from 1024 on")
	case err != nil:
		return problem(check, err.Error(), "set another address")
	case v.own:
		return warning(check, l.address+" is free, though the node runs: it was started with another address", "restart the node if the file is right")
	}
	return ok(check, "%s is free", l.address)
}

// bind takes the address for a moment.
func (l listener) bind(ctx context.Context) error {
	var config net.ListenConfig
	if l.network == "udp" {
		conn, err := config.ListenPacket(ctx, l.network, l.address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	ln, err := config.Listen(ctx, l.network, l.address)
	if err != nil {
		return err
	}
	return ln.Close()
}

// listens says that the file's own node runs and has told the cluster that port. Of
// one without a cluster it is believed.
func (v *view) listens(l listener) bool {
	if !v.own {
		return false
	}
	for _, n := range v.status.Nodes {
		if n.ID == v.status.Node {
			told := map[string]string{"server.listen_port": n.MySQL, "cluster.listen": n.Cluster, "cluster.gossip": n.Gossip, "http.listen": n.HTTP}
			return portOf(told[l.key]) == portOf(l.address)
		}
	}
	return true
}

// portOf is the port of host:port, "" if it is none.
func portOf(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	return port
}

// sourcePort is the filter by which ss finds a port.
func sourcePort(address string) string { return "sport = :" + portOf(address) }
