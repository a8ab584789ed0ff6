package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// listenClients binds the clients' address several times, where the system can
// share a port. Each socket has an accept queue of its own. A queue that
// overflows is worse here than elsewhere: the server speaks first, so a client
// whose connection the kernel has completed and then dropped waits for ever.
// What the queues hold together is bounded by net.core.somaxconn each.
func listenClients(ctx context.Context, keys, address string) ([]net.Listener, error) {
	// Alone first, so that a port that somebody has is told, even if it is shared.
	alone, err := listen(ctx, keys, address)
	if err != nil || clientSockets == 1 {
		return []net.Listener{alone}, err
	}
	address = alone.Addr().String()
	if err := alone.Close(); err != nil {
		return nil, fmt.Errorf("cannot listen on %s (%s): %w", address, keys, err)
	}
	shared := net.ListenConfig{Control: sharePort}
	listeners := make([]net.Listener, 0, clientSockets)
	for range clientSockets {
		l, err := shared.Listen(ctx, "tcp", address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot listen on %s (%s): %w", address, keys, err), closeAll(listeners))
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// closeAll closes listeners that may have been closed before.
func closeAll(listeners []net.Listener) error {
	var errs []error
	for _, l := range listeners {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
