package integration

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/broker"
	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/port"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// With these in its environment the test program is a broker: the DSNs of its
// nodes, by order, and where it listens.
const (
	brokerNodes  = "MYSQLDA_TEST_BROKER_NODES"
	brokerListen = "MYSQLDA_TEST_BROKER_LISTEN"
)

// runBroker is a broker's process. SIGTERM ends it.
func runBroker(dsns string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	b, err := broker.New(strings.Fields(dsns))
	var listener net.Listener
	if err == nil {
		listener, err = net.Listen("tcp", os.Getenv(brokerListen))
	}
	if err == nil {
		err = b.Serve(ctx, listener)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// brokerProcess is a broker in a process of its own.
type brokerProcess struct {
	process *child.Process
	addr    string
	log     string // its file
	cutters []*cutter
}

// startBroker starts a broker that prefers the nodes in that order and reaches
// them through cutters. It ends with the test.
func startBroker(t *testing.T, database string, nodes ...*cluster.Node) *brokerProcess {
	t.Helper()
	b := &brokerProcess{log: filepath.Join(t.TempDir(), "broker.log")}
	var dsns []string
	for _, n := range nodes {
		cutter, addr := startCutter(t, n.Addresses().MySQL)
		b.cutters = append(b.cutters, cutter)
		c := mysql.NewConfig()
		c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", addr, user, password, database
		dsns = append(dsns, c.FormatDSN())
	}
	p, err := port.Reserve()
	must(t, err)
	b.addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(p))
	log, err := os.Create(b.log)
	must(t, err)
	defer log.Close()
	program, err := os.Executable()
	must(t, err)
	cmd := osexec.Command(program)
	cmd.Env = append(os.Environ(), brokerNodes+"="+strings.Join(dsns, " "), brokerListen+"="+b.addr)
	cmd.Stdout, cmd.Stderr = log, log
	b.process, err = child.Start(cmd)
	must(t, err)
	t.Cleanup(func() {
		if b.process.Running() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := b.process.Stop(ctx); err != nil {
				t.Errorf("end the broker: %v", err)
			}
		}
		if t.Failed() {
			t.Logf("the broker's log:\n%s", b.read(t))
		}
	})
	must(t, wait.For(within(t), "the broker listens", func(ctx context.Context) error {
		if !b.process.Running() {
			return wait.Hopeless(errors.New("the broker has ended: " + b.read(t)))
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", b.addr)
		if err == nil {
			err = conn.Close()
		}
		return err
	}))
	return b
}

func (b *brokerProcess) read(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(b.log)
	must(t, err)
	return string(text)
}

// cuts counts the commits whose outcome the broker could not know.
func (b *brokerProcess) cuts() (n int64) {
	for _, c := range b.cutters {
		n += c.cuts.Load()
	}
	return n
}
