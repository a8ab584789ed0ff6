package backend

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// first and second are real servers that all tests share; nil where none is
// installed. A test that stops one starts it again.
var first, second *mysqld.Server

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if mysqld.Available() {
		for _, s := range []**mysqld.Server{&first, &second} {
			started, err := mysqld.Start(context.Background(), mysqld.Options{})
			if err != nil {
				fmt.Fprintln(os.Stderr, "start a server:", err)
				return 1
			}
			defer started.Close()
			*s = started
		}
	}
	code := m.Run()
	if left := goroutinesLeft(); left != "" {
		fmt.Fprintln(os.Stderr, "goroutines are left after the last test:\n"+left)
		return 1
	}
	return code
}

// goroutinesLeft waits for this package's goroutines to end and returns the
// stacks of those that do not.
func goroutinesLeft() string {
	var left string
	waitFor(func() bool {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		left = ""
		for i, stack := range strings.Split(string(stacks), "\n\n") {
			if i > 0 && strings.Contains(stack, "mysqlda/proxy/backend.") { // 0 is this one
				left += stack + "\n\n"
			}
		}
		return left == ""
	})
	return left
}

// patience bounds how long tests wait for a condition.
const patience = 10 * time.Second

func waitFor(condition func() bool) bool {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			return false
		}
		<-tick.C
	}
	return true
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	if !waitFor(condition) {
		t.Fatalf("after %s still not: %s", patience, what)
	}
}
