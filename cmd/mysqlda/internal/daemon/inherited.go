package daemon

import (
	"context"
	"fmt"
	"net"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/handover"
)

// sockets are what the node listens on, apart from gossip and, until it is open, the
// cluster's.
type sockets struct {
	clients []net.Listener
	http    net.Listener
}

// inherited returns the one socket of that name which the process was started with, nil
// for none.
func (d *daemon) inherited(name, address string) (net.Listener, error) {
	all, err := d.options.Sockets.Take(name, address)
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return nil, nil
	case len(all) > 1:
		return nil, fmt.Errorf("the process was started with %d sockets %s, and only one can be used", len(all), name)
	}
	return all[0], nil
}

// listenHTTP listens for the HTTP API.
func (d *daemon) listenHTTP(ctx context.Context) (net.Listener, error) {
	ln, err := d.inherited(handover.HTTP, d.cfg.HTTP.Listen)
	if ln == nil && err == nil {
		ln, err = listen(ctx, "http.listen", d.cfg.HTTP.Listen)
	}
	if err != nil {
		return nil, err
	}
	d.sockets.http = ln
	return ln, nil
}

// openClients listens for clients, who are let in later.
func (d *daemon) openClients(ctx context.Context) error {
	clients, err := d.options.Sockets.Take(handover.MySQL, d.cfg.Server.Listen)
	if len(clients) == 0 && err == nil {
		clients, err = listenClients(ctx, "server.listen_ip, server.listen_port", d.cfg.Server.Listen)
	}
	if err != nil {
		return err
	}
	d.sockets.clients = clients
	d.closers = append(d.closers, func() error { return closeAll(clients) })
	return nil
}

// hold returns the node's sockets for the next process.
func (d *daemon) hold() (map[string]handover.Socket, error) {
	held := make(map[string]handover.Socket)
	for name, listeners := range map[string][]net.Listener{
		handover.MySQL: d.sockets.clients, handover.HTTP: {d.sockets.http}, handover.Cluster: {d.cluster.Load().Listener()},
	} {
		socket, err := handover.Hold(d.addresses()[name], listeners...)
		held[name] = socket
		if err != nil {
			return held, err
		}
	}
	return held, nil
}

// addresses are those of the config file, by the names of the sockets.
func (d *daemon) addresses() map[string]string {
	return map[string]string{
		handover.MySQL: d.cfg.Server.Listen, handover.HTTP: d.cfg.HTTP.Listen, handover.Cluster: d.cfg.Cluster.Listen,
		gossipName: d.cfg.Cluster.Gossip,
	}
}

// gossipName is the address that is no socket of handover's.
const gossipName = "gossip"
