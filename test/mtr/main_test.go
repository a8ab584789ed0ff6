package mtr

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/need"
)

// TestSuite runs the quick tests of the lists. With MTR=all it runs all of the
// lists, with MTR=SUITE.NAME,SUITE.NAME those tests, and with MTR=find every test of
// the suite that could pass, after which it rewrites the lists. What does not pass
// through the node is run at the server as well. MTR_STAGES is how many servers are used at the same time.
func TestSuite(t *testing.T) {
	if _, err := exec.LookPath("mariadb-test"); err != nil {
		need.Missing(t, "mariadb-test is not installed")
	}
	if !isDir(suiteDir) {
		need.Missing(t, "the data of mariadb-test is not installed")
	}
	l, err := readLists()
	if err != nil {
		t.Fatal(err)
	}
	choice := os.Getenv("MTR")
	tests, err := l.chosen(choice)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TZ", "GMT-3") // the suite's results are of this time zone
	r := &run{known: l, find: choice == "find", found: lists{differ: map[string]string{}}, left: tests}
	t.Run("stages", func(t *testing.T) {
		for i := range stages(t) {
			t.Run(strconv.Itoa(i+1), func(t *testing.T) {
				t.Parallel()
				r.work(t)
			})
		}
	})
	t.Logf("%d tests, %d passed through a node, %d differed", len(tests), len(r.found.passing), len(r.found.differ))
	if r.find && !t.Failed() {
		if err := r.found.write(); err != nil {
			t.Fatal(err)
		}
	}
}

// stages is how many servers are used at the same time.
func stages(t *testing.T) int {
	t.Helper()
	text := os.Getenv("MTR_STAGES")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("MTR_STAGES=%s is no number of servers", text)
	}
	return n
}

// chosen are the tests to run.
func (l lists) chosen(choice string) ([]string, error) {
	switch choice {
	case "":
		return lines(quickFile)
	case "find":
		return candidates()
	case "all":
		return l.all(), nil
	default:
		return strings.Split(choice, ","), nil
	}
}

// run is what all stages work on together.
type run struct {
	known lists
	find  bool

	mu    sync.Mutex
	left  []string
	found lists
}

func (r *run) next() (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.left) == 0 {
		return "", false
	}
	test := r.left[0]
	r.left = r.left[1:]
	return test, true
}

// work runs tests on a stage of its own until none is left.
func (r *run) work(t *testing.T) {
	s := newStage(t)
	for test, ok := r.next(); ok; test, ok = r.next() {
		r.check(t, s, test)
	}
}

// check runs a test through the node, and at the server if that is needed to tell
// whose fault it is that it does not pass.
func (r *run) check(t *testing.T, s *stage, test string) {
	through := s.through(t, test)
	why, expected := r.known.differ[test]
	switch {
	case through.passed:
		r.passes(test)
		if expected && !r.find {
			t.Errorf("%s passes through a node: it is no difference any more (%s)", test, why)
		}
		return
	case expected && !r.find:
		r.differs(test, why)
		t.Logf("%s differs as expected (%s): %s", test, why, through.why)
		return
	}
	direct := s.directly(t, test)
	switch {
	case direct.passed && !expected:
		why = fmt.Sprintf("%s: %s", unexplained, through.why)
		fallthrough
	case direct.passed:
		r.differs(test, why)
		r.complain(t, "%s passes directly, not through a node: %s\n%s", test, through.why, through.out)
	default:
		r.complain(t, "%s does not pass at the server itself: %s", test, direct.why)
	}
}

// complain fails the test, unless it only looks which tests there are.
func (r *run) complain(t *testing.T, format string, args ...any) {
	t.Helper()
	if r.find {
		t.Logf(format, args...)
	} else {
		t.Errorf(format, args...)
	}
}

func (r *run) passes(test string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found.passing = append(r.found.passing, test)
}

func (r *run) differs(test, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found.differ[test] = why
}
