package transport

import (
	"context"
	"net"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
)

// PeerNode returns the id of the node whose certificate was shown on the connection
// that a call came by; "" if that was not protected.
func PeerNode(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return ""
	}
	return NodeOf(p)
}

// NodeOf returns the id of the node whose certificate was shown at the other end of a
// connection; "" if that was not protected, or is not known.
func NodeOf(p *peer.Peer) string {
	info, ok := p.AuthInfo.(nodeInfo)
	if !ok {
		return ""
	}
	return info.node
}

// nodeInfo tells gRPC's handlers who calls, and callers who answers.
type nodeInfo struct {
	credentials.CommonAuthInfo
	node string
}

// AuthType implements credentials.AuthInfo.
func (nodeInfo) AuthType() string { return "mysqlda" }

// nodeCredentials hand gRPC what this package has found out about a connection
// before gRPC got it. They protect nothing themselves.
type nodeCredentials struct{}

var _ credentials.TransportCredentials = nodeCredentials{}

// ClientHandshake implements credentials.TransportCredentials.
func (nodeCredentials) ClientHandshake(_ context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if secured, ok := conn.(*securedConn); ok {
		id, err := CertifiedNode(secured.ConnectionState().PeerCertificates[0])
		return conn, nodeInfo{node: id}, err
	}
	return &plainConn{Conn: conn}, nodeInfo{}, nil
}

// ServerHandshake implements credentials.TransportCredentials.
func (nodeCredentials) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	info := nodeInfo{}
	if tracked, ok := conn.(*trackedConn); ok {
		info.node = tracked.peer
	}
	return conn, info, nil
}

// Info implements credentials.TransportCredentials.
func (nodeCredentials) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "mysqlda"}
}

// Clone implements credentials.TransportCredentials.
func (c nodeCredentials) Clone() credentials.TransportCredentials { return c }

// OverrideServerName implements credentials.TransportCredentials.
func (nodeCredentials) OverrideServerName(string) error { return nil }
