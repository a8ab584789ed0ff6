package cluster

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// readyTimeout bounds how long a node may take from its start to serving
// clients; a node that takes longer has failed.
const readyTimeout = 60 * time.Second

// Node is one node and its files. Its methods may be called from any goroutine,
// those that start or end the process one at a time.
type Node struct {
	ID      string
	options Options
	dir     string
	prefix  []string // of its command

	mu        sync.Mutex
	addresses Addresses
	through   []string       // see Through
	process   *child.Process // the last one started; nil before the first start
}

// newNode writes the node's config file.
func newNode(o Options, dir string, index int) (*Node, error) {
	addresses, err := o.Ports(index)
	if err != nil {
		return nil, err
	}
	n := &Node{ID: fmt.Sprintf("n%d", index+1), options: o, dir: dir}
	if o.Prefix != nil {
		n.prefix = o.Prefix(index)
	}
	return n, n.SetAddresses(addresses)
}

// SetAddresses makes the next start listen elsewhere.
func (n *Node) SetAddresses(a Addresses) error {
	config, err := configOf(n.options, n.ID, a)
	if err != nil {
		return err
	}
	if err := config.Write(n.ConfigFile()); err != nil {
		return err
	}
	n.mu.Lock()
	n.addresses = a
	n.mu.Unlock()
	return nil
}

// Addresses are where the node is reached.
func (n *Node) Addresses() Addresses {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.addresses
}

// ConfigFile is the path of the node's config file.
func (n *Node) ConfigFile() string { return filepath.Join(n.dir, n.ID+".conf") }

// LogFile is the path of everything that the node wrote to its outputs.
func (n *Node) LogFile() string { return filepath.Join(n.dir, n.ID+".log") }

// KeyFile is the path of the node's keys, if the options say that it has any.
func (n *Node) KeyFile() string { return filepath.Join(n.dir, n.ID+".key") }

// DataDir is the node's data directory.
func (n *Node) DataDir() string { return filepath.Join(n.dir, n.ID+"-data") }

// Through makes the next starts go through a command, after that of Options.Prefix.
// It must replace itself by the program. Without words there is none any more.
func (n *Node) Through(command ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.through = command
}

// Launch starts the process with `start -f FILE` and the given flags and does
// not wait for it.
func (n *Node) Launch(flags ...string) error {
	log, err := os.OpenFile(n.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of node %s: %w", n.ID, err)
	}
	n.mu.Lock()
	command := append(slices.Clone(n.prefix), n.through...)
	n.mu.Unlock()
	command = append(command, n.options.Binary, "start", "-f", n.ConfigFile())
	command = append(command, flags...)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = n.dir
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = log, log
	process, err := child.Start(cmd)
	if err := errors.Join(err, log.Close()); err != nil {
		return err
	}
	n.mu.Lock()
	n.process = process
	n.mu.Unlock()
	return nil
}

// Start starts the process and waits until it serves clients.
func (n *Node) Start(ctx context.Context, flags ...string) error {
	if err := n.Launch(flags...); err != nil {
		return err
	}
	return n.WaitReady(ctx)
}

// WaitReady waits until the node serves clients. A node that has ended is an
// error at once.
func (n *Node) WaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	process := n.Process()
	return wait.For(ctx, fmt.Sprintf("node %s serves clients", n.ID), func(ctx context.Context) error {
		if !process.Running() {
			return wait.Hopeless(fmt.Errorf("node %s has ended: %s", n.ID, process.State()))
		}
		return n.ready(ctx)
	})
}

func (n *Node) ready(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.Addresses().HTTP+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask node %s whether it is ready: %w", n.ID, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask node %s whether it is ready: %w", n.ID, err)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return fmt.Errorf("ask node %s whether it is ready: %w", n.ID, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("node %s is not ready: %s: %s", n.ID, answer.Status, text)
	}
	return nil
}

// Process is the process that was started last, nil before the first start.
func (n *Node) Process() *child.Process {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.process
}

// Running tells whether the node's process has been started and not ended.
func (n *Node) Running() bool {
	p := n.Process()
	return p != nil && p.Running()
}

// Stop asks the node to end (SIGTERM) and waits for it; the error is that of its
// exit code.
func (n *Node) Stop(ctx context.Context) error { return n.Process().Stop(ctx) }

// Kill ends the node with SIGKILL.
func (n *Node) Kill() error { return n.Process().Kill() }

// Restart stops the node if it runs and starts it again without flags.
func (n *Node) Restart(ctx context.Context) error {
	if n.Running() {
		if err := n.Stop(ctx); err != nil {
			return err
		}
	}
	return n.Start(ctx)
}

// Pause freezes the node with SIGSTOP.
func (n *Node) Pause() error { return n.Process().Pause() }

// Resume lets a paused node go on.
func (n *Node) Resume() error { return n.Process().Resume() }

// OpenDB returns a pool of client connections to this node. change, unless nil,
// may alter how they connect.
func (n *Node) OpenDB(change func(*mysql.Config)) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", n.Addresses().MySQL
	c.User, c.Passwd, c.DBName = n.options.User, n.options.Password, n.options.Database
	c.Logger = &mysql.NopLogger{}
	if change != nil {
		change(c)
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("describe the connection to node %s: %w", n.ID, err)
	}
	return sql.OpenDB(connector), nil
}
