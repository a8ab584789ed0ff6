package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"
)

const (
	// MaxMessageSize bounds one RPC message, in bytes.
	MaxMessageSize = 4 << 20
	// maxStreams bounds the calls under way on one connection.
	maxStreams = 256

	rpcConnectTimeout = 2 * time.Second
	rpcBackoffMin     = 50 * time.Millisecond
	rpcBackoffMax     = time.Second
	rpcKeepAlive      = 10 * time.Second // silence after which the other side is asked for a sign of life
	rpcKeepAliveWait  = 3 * time.Second  // how long it may take to give one
)

// NewServer makes a gRPC server with this package's bounds. Serve it on the
// RPC listener of a Mux.
func NewServer(interceptor grpc.UnaryServerInterceptor) *grpc.Server {
	return grpc.NewServer(
		grpc.Creds(nodeCredentials{}),
		grpc.UnaryInterceptor(interceptor),
		grpc.MaxRecvMsgSize(MaxMessageSize),
		grpc.MaxSendMsgSize(MaxMessageSize),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(PreambleTimeout),
		grpc.WaitForHandlers(true),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: rpcKeepAlive, Timeout: rpcKeepAliveWait}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: rpcKeepAlive / 2, PermitWithoutStream: true}),
	)
}

// Clients keeps one gRPC connection to every address that was asked for. It is
// safe for use by several goroutines.
type Clients struct {
	security *Security

	mu     sync.Mutex
	closed bool
	conns  map[string]*grpc.ClientConn
}

// NewClients makes an empty set of connections, which are protected as security
// says.
func NewClients(security *Security) *Clients {
	return &Clients{security: security, conns: make(map[string]*grpc.ClientConn)}
}

// Conn returns the connection to address, host:port. It does not wait for the
// connection to be made.
func (c *Clients) Conn(address string) (*grpc.ClientConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, net.ErrClosed
	}
	if conn, ok := c.conns[address]; ok {
		return conn, nil
	}
	conn, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(nodeCredentials{}),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return c.security.dial(ctx, address, preamble{service: RPC}, "")
		}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: rpcBackoffMin, Multiplier: 1.6, Jitter: 0.2, MaxDelay: rpcBackoffMax},
			MinConnectTimeout: rpcConnectTimeout,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: rpcKeepAlive, Timeout: rpcKeepAliveWait, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessageSize), grpc.MaxCallSendMsgSize(MaxMessageSize)),
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0),
	)
	if err != nil {
		return nil, fmt.Errorf("preparing the connection to %s: %w", address, err)
	}
	c.conns[address] = conn
	return conn, nil
}

// Retain closes the connections to all addresses that keep does not accept.
// Calls under way on them fail.
func (c *Clients) Retain(keep func(address string) bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for address, conn := range c.conns {
		if !keep(address) {
			delete(c.conns, address)
			errs = append(errs, conn.Close())
		}
	}
	return errors.Join(errs...)
}

// Close closes all connections; calls under way fail.
func (c *Clients) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	return c.Retain(func(string) bool { return false })
}
