package integration

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

func TestRunningClusterChangesOverToTLSBetweenNodesUnderLoad(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	ca.nodes(t, 3)
	c := cluster.ForTest(t, options(t, 3))
	load := startLoad(t, c.Nodes, 6)
	load.progress(t, 50)
	for _, mode := range []string{"optional", "required"} {
		for _, n := range c.Nodes {
			must(t, n.Stop(within(t)))
			must(t, n.Reconfigure(ca.secure(mode)))
			must(t, n.Start(t.Context()))
			must(t, c.WaitWhole(within(t)))
			load.progress(t, 50)
		}
	}
	load.check(t, c)
	for _, n := range c.Nodes {
		checkNoStrangerGetsIn(t, n, ca)
	}
}

// checkNoStrangerGetsIn tries a node's internode port without a certificate of the
// cluster.
func checkNoStrangerGetsIn(t *testing.T, n *cluster.Node, ca authority) {
	t.Helper()
	for name, bytes := range garbage() {
		if name == "tls" {
			continue // that gets as far as the certificate, see below
		}
		if answer := answerTo(t, n.Addresses().Cluster, bytes); len(answer) > 0 && answer[0] != 0x15 { // an alert of TLS
			t.Errorf("%s was answered %.40q", name, answer)
		}
	}
	foreign := newAuthority(t)
	foreign.issue(t, "n2", "nodes")
	ca.run(t, "ca", "issue", "--dir", ca.dir, "--operator", "eve", "--out", ca.dir+"/operators-"+n.ID)
	for name, shown := range map[string][]tls.Certificate{
		"no certificate":         nil,
		"a foreign certificate":  {foreign.pair(t, "n2", "nodes")},
		"an expired certificate": {ca.expired(t, "n2")},
		"an operator's":          {ca.pair(t, "eve", "operators-"+n.ID)},
	} {
		if got, err := handshake(t, n, shown); err == nil {
			t.Errorf("%s was let in and answered %q", name, got)
		}
	}
	if _, err := handshake(t, n, []tls.Certificate{ca.pair(t, "n2", "nodes")}); err != nil {
		t.Errorf("a node's certificate: %v", err)
	}
}

// answerTo writes bytes to an address and returns everything that comes back.
func answerTo(t *testing.T, address string, bytes []byte) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	// The other side may have hung up: what counts is what it says.
	_, _ = conn.Write(bytes)
	_ = conn.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the port of %s neither answers nor hangs up", address)
	}
	return answer
}

// handshake shows a certificate to a node's internode port, asks for the RPC service,
// and returns what the node says to that.
func handshake(t *testing.T, n *cluster.Node, shown []tls.Certificate) (byte, error) {
	t.Helper()
	conn, err := tls.Dial("tcp", n.Addresses().Cluster, &tls.Config{InsecureSkipVerify: true, Certificates: shown})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	if _, err := conn.Write([]byte("G\x01")); err != nil {
		return 0, err
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return 0, err
	}
	if answer[0] != 0 {
		return answer[0], fmt.Errorf("refused with %d bytes of text", answer[0])
	}
	return 0, nil
}

func TestNodesCertificatesAreRenewedWithoutARestart(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	ca.nodes(t, 3)
	o := options(t, 3)
	o.Change = ca.secure("")
	c := cluster.ForTest(t, o)
	load := startLoad(t, c.Nodes, 3)
	load.progress(t, 20)
	for _, n := range c.Nodes {
		before := serial(t, n, ca)
		ca.renew(t, n.ID)
		err := wait.For(within(t), "node "+n.ID+" shows its new certificate", func(context.Context) error {
			if serial(t, n, ca) == before {
				return errors.New("the old one")
			}
			return nil
		})
		must(t, err)
	}
	load.progress(t, 20)
	// Connections made from now on show the new ones at both ends.
	must(t, c.Nodes[0].Restart(t.Context()))
	must(t, c.WaitWhole(within(t)))
	load.progress(t, 20)
	load.check(t, c)
}

func TestAnotherAuthorityTakesOverWithoutARestart(t *testing.T) {
	t.Parallel()
	old, next := newAuthority(t), newAuthority(t)
	old.nodes(t, 3)
	next.nodes(t, 3)
	o := options(t, 3)
	o.Change = old.secure("required")
	c := cluster.ForTest(t, o)
	load := startLoad(t, c.Nodes, 3)
	load.progress(t, 20)
	first, err := os.ReadFile(filepath.Join(old.dir, "ca.pem"))
	must(t, err)
	second, err := os.ReadFile(filepath.Join(next.dir, "ca.pem"))
	must(t, err)
	trust := func(text []byte, times int) {
		t.Helper()
		replaceFile(t, filepath.Join(old.dir, "ca.pem"), text)
		for _, n := range c.Nodes {
			// Files are looked at when somebody connects.
			must(t, wait.For(within(t), "node "+n.ID+" reads its authorities again", func(context.Context) error {
				_, _ = handshake(t, n, []tls.Certificate{old.pair(t, n.ID, "nodes")})
				log, err := os.ReadFile(n.LogFile())
				if seen := strings.Count(string(log), "file read again"); err == nil && seen < times {
					err = fmt.Errorf("%d times of %d", seen, times)
				}
				return err
			}))
		}
	}
	trust(append(slices.Clone(first), second...), 1)
	stranger := old.pair(t, "n1", "nodes")
	for _, n := range c.Nodes {
		before := serial(t, n, old)
		for _, name := range []string{n.ID + "-key.pem", n.ID + ".pem"} {
			must(t, os.Rename(filepath.Join(next.dir, "nodes", name), filepath.Join(old.dir, "nodes", name)))
		}
		must(t, wait.For(within(t), "node "+n.ID+" shows its new certificate", func(context.Context) error {
			if serial(t, n, old) == before {
				return errors.New("the old one")
			}
			return nil
		}))
	}
	trust(second, 2)
	for _, n := range c.Nodes {
		if _, err := handshake(t, n, []tls.Certificate{stranger}); err == nil {
			t.Errorf("node %s lets the old authority's certificate in", n.ID)
		}
		must(t, n.Restart(t.Context()))
		must(t, c.WaitWhole(within(t)))
		load.progress(t, 20)
	}
	load.check(t, c)
}

func replaceFile(t *testing.T, path string, text []byte) {
	t.Helper()
	must(t, os.WriteFile(path+".new", text, 0o600))
	must(t, os.Rename(path+".new", path))
}

// serial is the number of the certificate that a node shows to others.
func serial(t *testing.T, n *cluster.Node, ca authority) string {
	t.Helper()
	conn, err := tls.Dial("tcp", n.Addresses().Cluster, &tls.Config{
		InsecureSkipVerify: true, Certificates: []tls.Certificate{ca.pair(t, n.ID, "nodes")},
	})
	must(t, err)
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func TestRemovedNodeWithACertificateEndsAndIsNotLetInAgain(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	ca.nodes(t, 4)
	o := options(t, 4)
	o.Change = ca.secure("required")
	c := cluster.ForTest(t, o)
	last := c.Nodes[3]
	cli(t, c.Nodes[0], "remove", last.ID)
	err := wait.For(within(t), "the removed node has ended", func(context.Context) error {
		if last.Running() {
			return errors.New("it runs")
		}
		return nil
	})
	must(t, err)
	if tail := last.LogTail(); !strings.Contains(tail, "this node was removed from its cluster") {
		t.Errorf("it does not say why: %s", tail)
	}
	// The same certificate, with an empty directory.
	must(t, os.RemoveAll(last.DataDir()))
	if err := last.Start(within(t), "--join", c.Nodes[0].Addresses().Cluster); err == nil {
		t.Fatal("it is back")
	}
	if tail := last.LogTail(); !strings.Contains(tail, "was removed") {
		t.Errorf("it does not say why it is not let in: %s", tail)
	}
}

func TestNodesRefuseToStartWithCertificatesThatCannotWork(t *testing.T) {
	t.Parallel()
	ca, foreign := newAuthority(t), newAuthority(t)
	ca.nodes(t, 2)
	foreign.nodes(t, 1)
	o := options(t, 1)
	c, err := cluster.New(o)
	must(t, err)
	cluster.CleanUp(t, c)
	n := c.Nodes[0]
	loose := newAuthority(t)
	loose.nodes(t, 1)
	must(t, os.Chmod(loose.section("n1", "").Key, 0o644))
	for _, c := range []struct {
		name    string
		section *cluster.NodeTLSSection
		says    string
	}{
		{"of another node", ca.section("n2", ""), "it is that of node n2, and this is node n1"},
		{"of another authority", &cluster.NodeTLSSection{
			CA: ca.section("n1", "").CA, Cert: foreign.section("n1", "").Cert, Key: foreign.section("n1", "").Key,
		}, "unknown authority"},
		{"that everybody may read", loose.section("n1", ""), "chmod 600"},
		{"that is not there", ca.section("n3", ""), "no such file"},
	} {
		must(t, n.Reconfigure(func(_ int, config *cluster.ConfigFile) { config.Cluster.TLS = c.section }))
		if err := n.Start(within(t), "--bootstrap"); err == nil {
			t.Fatalf("a node started with a certificate %s", c.name)
		}
		if tail := n.LogTail(); !strings.Contains(tail, c.says) {
			t.Errorf("a certificate %s: %s", c.name, tail)
		}
	}
}
