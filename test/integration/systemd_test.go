package integration

import (
	"errors"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// serviceManager is what the program sees of one: its notifications come here.
type serviceManager struct {
	path string
	conn *net.UnixConn
}

func newServiceManager(t *testing.T) *serviceManager {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir may be too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	m := &serviceManager{path: filepath.Join(dir, "s")}
	if m.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(m.conn.Close(), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return m
}

// await waits until a message with that line comes.
func (m *serviceManager) await(t *testing.T, line string) {
	t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	var seen []string
	for b := make([]byte, 4096); ; {
		n, err := m.conn.Read(b)
		if err != nil {
			t.Fatalf("no %q came: %v; but %q", line, err, seen)
		}
		seen = append(seen, string(b[:n]))
		for got := range strings.SplitSeq(string(b[:n]), "\n") {
			if got == line {
				return
			}
		}
	}
}

// TestAServiceManagerOpensTheSocketsAndIsToldHowTheNodeIs starts a node as systemd does.
func TestAServiceManagerOpensTheSocketsAndIsToldHowTheNodeIs(t *testing.T) {
	t.Parallel()
	c, err := cluster.New(options(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	n, m := c.Nodes[0], newServiceManager(t)
	program, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	// The sockets are there before the node is, and whoever connects waits.
	var files []*os.File
	for _, address := range []string{n.Addresses().MySQL, n.Addresses().HTTP} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		file, err := l.(*net.TCPListener).File()
		if err := errors.Join(err, l.Close()); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	early, err := net.Dial("tcp", n.Addresses().MySQL)
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()

	log, err := os.Create(n.LogFile())
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := osexec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" start -f "$1" --bootstrap`, program, n.ConfigFile())
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "LISTEN_FDS=2", "LISTEN_FDNAMES=mysql:http", "NOTIFY_SOCKET="+m.path, "WATCHDOG_USEC=200000")
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, files
	process, err := child.Start(cmd)
	for _, file := range files {
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if process.Running() {
			if err := process.Kill(); err != nil {
				t.Error(err)
			}
		}
	})
	m.await(t, "STATUS=starting")
	m.await(t, "READY=1")
	m.await(t, "WATCHDOG=1")
	if err := early.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := early.Read(make([]byte, 1)); err != nil {
		t.Errorf("who connected early got nothing: %v", err)
	}
	conn := connect(t, n)
	exec(t, conn, "SET @kept = 1")

	// A restart in place keeps the sockets, and the manager knows the process.
	cli(t, n, "restart")
	m.await(t, "RELOADING=1")
	m.await(t, "READY=1")
	if got := number(t, conn, "SELECT @kept"); got != 1 {
		t.Errorf("got %d", got)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- process.Stop(within(t)) }()
	m.await(t, "STOPPING=1")
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestSocketsThatDoNotFitEndTheNodeWithAReason(t *testing.T) {
	t.Parallel()
	c, err := cluster.New(options(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	program, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	for names, want := range map[string]string{"ssh": "FileDescriptorName must be one of mysql, cluster, http", "mysql": "make them agree"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		file, err := l.(*net.TCPListener).File()
		if err := errors.Join(err, l.Close()); err != nil {
			t.Fatal(err)
		}
		cmd := osexec.CommandContext(within(t), "sh", "-c", `LISTEN_PID=$$ exec "$0" start -f "$1" --bootstrap`, program, c.Nodes[0].ConfigFile())
		cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES="+names)
		cmd.ExtraFiles = []*os.File{file}
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("socket %s: %v, %s", names, err, out)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}
