package main

import (
	"context"
	"net"
)

// connectQueryClose connects, asks something and disconnects.
func connectQueryClose(ctx context.Context, l load) (sample, error) {
	ask := query(pointQuery)
	loops := make([]loop, l.connections)
	for i := range loops {
		buf := make([]byte, bufferBytes)
		loops[i] = func(int) error {
			c, err := connect(ctx, l.target.addr, &net.Dialer{})
			if err != nil {
				return err
			}
			c.buf = buf
			if err := c.do(ask); err != nil {
				_ = c.socket.Close() // the first error is the one to tell
				return err
			}
			return c.quit()
		}
	}
	return measure(ctx, l, loops)
}
