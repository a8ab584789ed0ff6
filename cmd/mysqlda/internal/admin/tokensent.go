package admin

import (
	"fmt"
	"net"
)

// TokenInClearError says that an operator's token would have gone to another node than
// the one that was named, on a connection that everybody on the way can read. Where that
// node is, the cluster says, and without keys anybody may have told the cluster.
type TokenInClearError struct {
	Address string // of the other node
}

// Error implements error.
func (e *TokenInClearError) Error() string {
	return fmt.Sprintf("an operator's token is not sent in the clear to another node, at %s: give all nodes http.tls, or ask that node itself", e.Address)
}

// ToOther is what is shown to another node than the one that was named. Requests fail
// with a *TokenInClearError where a token would leave this machine in the clear.
func (c Credentials) ToOther(address string) Credentials {
	c.withheld = c.CheckOther(address) != nil
	return c
}

// CheckOther returns the *TokenInClearError with which requests to another node's HTTP
// address would fail, nil if they may be made.
func (c Credentials) CheckOther(address string) error {
	if c.Token == "" {
		return nil
	}
	return c.checkSent(address)
}

// checkSent refuses to send a token to another node's address.
func (c Credentials) checkSent(address string) error {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	if c.TLS != nil || err == nil && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return &TokenInClearError{Address: address}
}
