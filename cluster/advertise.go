package cluster

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/mysqlda/mysqlda/fsm"
)

// describe says where this node is reached. While gossip is not listening and
// the config leaves its port open, its address is left out.
func (n *Node) describe(gossipListen string) (record, error) {
	internode, err := advertised(n.cfg.AdvertiseHost, n.mux.Addr().String())
	if err != nil {
		return record{}, err
	}
	gossip, err := advertised(n.cfg.AdvertiseHost, gossipListen)
	if err != nil {
		return record{}, err
	}
	if strings.HasSuffix(gossip, ":0") {
		gossip = ""
	}
	info := fsm.NodeInfo{
		ID:      n.id,
		Cluster: internode,
		Gossip:  gossip,
		MySQL:   n.cfg.MySQLAddr,
		HTTP:    n.cfg.HTTPAddr,
		Version: n.cfg.Version,
	}
	if err := info.Check(); err != nil {
		return record{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return record{info: info, starts: n.identity.Starts}, nil
}

// advertised gives the address under which others reach a listener: host, if
// the config names one, else the listener's, else, for a wildcard, this
// machine's first address that is not a loopback one.
func advertised(host, listen string) (string, error) {
	listenHost, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("%w: listen address %q: %w", ErrConfig, listen, err)
	}
	if host != "" {
		return net.JoinHostPort(host, port), nil
	}
	ip, err := netip.ParseAddr(listenHost)
	if err != nil || !ip.IsUnspecified() {
		return net.JoinHostPort(listenHost, port), nil
	}
	own, err := firstAddress()
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(own, port), nil
}

func firstAddress() (string, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", fmt.Errorf("looking for this machine's address: %w", err)
	}
	for _, a := range addrs {
		prefix, ok := a.(*net.IPNet)
		if ok && prefix.IP.IsGlobalUnicast() {
			return prefix.IP.String(), nil
		}
	}
	return "", fmt.Errorf("%w: this machine has no address that other nodes could reach; name one to advertise", ErrConfig)
}
