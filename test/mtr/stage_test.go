package mtr

import (
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// stage runs tests at a clean server and through a node in front of it. Some tests
// harm a server beyond cleaning: then it is given up for a new one.
type stage struct {
	*scene
	node    target
	process *cluster.Node
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := newScene(t)
	node, process := s.throughNode(t)
	return &stage{s, node, process}
}

func (s *stage) clean(t *testing.T) {
	t.Helper()
	err := s.cleaner.clean(t.Context())
	if err == nil {
		return
	}
	t.Logf("a new server, because the last one cannot be cleaned: %v", err)
	*s = *newStage(t)
	if err := s.cleaner.clean(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// directly runs the test at the server, while the node holds still: some tests count
// connections.
func (s *stage) directly(t *testing.T, test string) outcome {
	t.Helper()
	process := s.process // clean may put another in its place
	if err := process.Pause(); err != nil {
		t.Fatal(err)
	}
	s.clean(t)
	o := s.server.run(t.Context(), test)
	if err := process.Resume(); err != nil {
		t.Fatal(err)
	}
	return o
}

// through runs the test through the node. Some tests wait for things to happen
// within seconds: what does not pass gets a second chance.
func (s *stage) through(t *testing.T, test string) outcome {
	t.Helper()
	s.clean(t)
	o := s.node.run(t.Context(), test)
	if o.passed {
		return o
	}
	s.clean(t)
	again := s.node.run(t.Context(), test)
	if again.passed {
		t.Logf("%s has passed through a node the second time; the first: %s", test, o.why)
	}
	return again
}
