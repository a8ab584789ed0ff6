package integration

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// cutEvery is how many commits pass from one whose answer is lost to the next.
const cutEvery = 15

// cutter passes connections on to a node and cuts some of them at the worst
// moment: a COMMIT is done and its answer is not there yet. A node that is killed
// does that too, but seldom just then.
type cutter struct {
	target  string
	commits atomic.Int64
	cuts    atomic.Int64
}

// startCutter returns the address at which the node is reached through a cutter.
// It ends with the test.
func startCutter(t *testing.T, target string) (*cutter, string) {
	t.Helper()
	c := &cutter{target: target}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context())) // brokers end after the test's
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed
			}
			tasks.Go(func() { c.pass(ctx, client) })
		}
	})
	t.Cleanup(func() {
		stop()
		must(t, listener.Close())
		tasks.Wait()
	})
	return c, listener.Addr().String()
}

// pass passes a connection on. It ends when either side ends.
func (c *cutter) pass(ctx context.Context, client net.Conn) {
	defer client.Close()
	node, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.target)
	if err != nil {
		return // the node is not there, and so neither are we
	}
	defer node.Close()
	defer context.AfterFunc(ctx, func() {
		_, _ = client.Close(), node.Close() // ends both directions
	})()

	var cut atomic.Bool
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		defer client.Close()
		chunk := make([]byte, 16<<10)
		for {
			n, err := node.Read(chunk)
			if err != nil || cut.Load() {
				return
			}
			if _, err := client.Write(chunk[:n]); err != nil {
				return
			}
		}
	}()
	chunk := make([]byte, 16<<10)
	for !cut.Load() {
		n, err := client.Read(chunk)
		if err != nil {
			break
		}
		if bytes.HasSuffix(chunk[:n], []byte("\x03COMMIT")) && c.commits.Add(1)%cutEvery == 0 {
			c.cuts.Add(1)
			cut.Store(true)
		}
		if _, err := io.Copy(node, bytes.NewReader(chunk[:n])); err != nil {
			break
		}
	}
	if cut.Load() {
		<-answers // the commit has been answered
	}
	_ = node.Close()
	<-answers
}
