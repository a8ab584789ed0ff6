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
	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/port"
)

const (
	user     = "bench"
	password = "bench"
	database = "bench"
)

// target is something that speaks MySQL.
type target struct {
	name string
	addr string
	pid  int // of the process between client and server; 0 for the server itself
}

// scene is the server and what stands in front of it.
type scene struct {
	targets []target // the server itself first
	closers []func() error
}

func openScene(ctx context.Context, mysqlda string) (*scene, error) {
	s := &scene{}
	server, err := mysqld.Start(ctx, mysqld.Options{
		User: user, Password: password, Database: database, Args: []string{"--max-connections=1000"},
	})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, server.Close)
	s.targets = append(s.targets, target{name: "direct", addr: server.Addr()})

	if err := s.openHAProxy(ctx, server.Addr()); err != nil {
		return s, err
	}
	// Nodes are started in a directory of their own.
	if mysqlda, err = filepath.Abs(mysqlda); err != nil {
		return s, err
	}
	nodes, err := cluster.Start(ctx, cluster.Options{
		Nodes: 1, Binary: mysqlda, User: user, Password: password, Database: database,
		DefaultLibrary: "library_1", LogLevel: "warn",
		Libraries: []cluster.Library{{Name: "library_1", Servers: []string{server.Addr()}}},
	})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, nodes.Close)
	node := nodes.Nodes[0]
	s.targets = append(s.targets, target{name: "mysqlda", addr: node.Addresses().MySQL, pid: node.Process().PID()})
	return s, nil
}

// haproxyTimeout bounds the wait for HAProxy to accept connections.
const haproxyTimeout = 10 * time.Second

func (s *scene) openHAProxy(ctx context.Context, server string) error {
	program, err := exec.LookPath("haproxy")
	if err != nil {
		program = "/usr/sbin/haproxy" // often not on the path of ordinary users
	}
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
	config := fmt.Sprintf(`global
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen bench
  bind %s
  server library_1 %s
`, addr, server)
	file := filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	process, err := child.Start(exec.Command(program, "-f", file))
	if err != nil {
		return fmt.Errorf("starting haproxy (install it first): %w", err)
	}
	s.closers = append(s.closers, process.Kill)
	ctx, cancel := context.WithTimeout(ctx, haproxyTimeout)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			tick.Stop()
			s.targets = append(s.targets, target{name: "haproxy", addr: addr, pid: process.PID()})
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-process.Done():
			return fmt.Errorf("haproxy ended: %w", process.Err())
		case <-ctx.Done():
			return fmt.Errorf("haproxy does not answer: %w", err)
		}
	}
}

func (s *scene) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}
