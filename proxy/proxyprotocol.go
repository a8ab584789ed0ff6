package proxy

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pires/go-proxyproto"
)

// maxProxyHeader bounds a PROXY protocol header in bytes: version 2 allows 64 KiB
// of additions, of which real ones use a few hundred bytes.
const maxProxyHeader = 4 << 10

var errSentAhead = errors.New("the client spoke before it was greeted")

// readProxyHeader reads the header with which a connection from one of
// ProxyProtocolFrom begins, and takes the client's address from it. It returns
// nil for other connections.
//
// The header is not optional: whoever may send one must, because else a client
// behind the proxy could make one up.
func (s *session) readProxyHeader() error {
	peer, err := netip.ParseAddrPort(s.socket.RemoteAddr().String())
	if err != nil || !slices.ContainsFunc(s.server.cfg.ProxyProtocolFrom, func(p netip.Prefix) bool {
		return p.Contains(peer.Addr().Unmap())
	}) {
		return nil // a connection without an IP address is from none of them
	}
	if err := s.socket.SetReadDeadline(time.Now().Add(s.server.cfg.HandshakeTimeout)); err != nil {
		return fmt.Errorf("reading the PROXY header: %w", err)
	}
	in := bufio.NewReaderSize(s.socket, maxProxyHeader)
	header, err := proxyproto.Read(in)
	if err != nil {
		return fmt.Errorf("reading the PROXY header: %w", err)
	}
	if in.Buffered() > 0 {
		return errSentAhead
	}
	if source, _, ok := header.TCPAddrs(); ok && header.Command.IsProxy() {
		s.setClient(source)
	}
	return nil
}

func (s *session) setClient(address net.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info.Client = address.String()
}
