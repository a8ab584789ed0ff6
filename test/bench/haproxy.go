package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/port"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// haproxyTimeout bounds the wait for HAProxy to accept connections.
const haproxyTimeout = 10 * time.Second

// haproxyConfig takes the number of connections, where to listen, and the server.
const haproxyConfig = `global
  maxconn %d
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen bench
  bind %s
  server library_1 %s
`

// openHAProxy starts HAProxy in front of the server.
func (s *stage) openHAProxy(ctx context.Context, program, server string, connections int) error {
	dir, err := os.MkdirTemp("", "mysqlda-bench-")
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(dir) })
	p, err := port.Reserve()
	if err != nil {
		return err
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(p))
	file := filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(file, fmt.Appendf(nil, haproxyConfig, connections, addr, server), 0o600); err != nil {
		return err
	}
	cmd := exec.Command(program, "-db", "-f", file)
	cmd.Stderr = os.Stderr // it warns there of bounds that it cannot raise
	process, err := child.Start(cmd)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, process.Kill)
	s.targets = append(s.targets, target{name: haproxyName, addr: addr, pid: process.PID()})
	ctx, cancel := context.WithTimeout(ctx, haproxyTimeout)
	defer cancel()
	return wait.For(ctx, "HAProxy accepts connections", func(ctx context.Context) error {
		if !process.Running() {
			return wait.Hopeless(fmt.Errorf("HAProxy has ended: %s", process.State()))
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		return errors.Join(err, closeIf(conn))
	})
}

func closeIf(conn net.Conn) error {
	if conn == nil {
		return nil
	}
	return conn.Close()
}
