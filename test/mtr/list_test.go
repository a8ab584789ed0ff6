package mtr

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// The lists hold one test a line, sorted. Lines that begin with # are comments.
const (
	passingFile = "testdata/passing.txt"
	differFile  = "testdata/differ.txt" // test: reason
	quickFile   = "testdata/quick.txt"
)

// unexplained is the reason of a difference that nobody has looked at.
const unexplained = "UNEXPLAINED"

// lists are what is known of every test.
type lists struct {
	passing []string
	differ  map[string]string // the reason of each
}

func readLists() (lists, error) {
	l := lists{differ: map[string]string{}}
	var err, also error
	l.passing, err = lines(passingFile)
	differ, also := lines(differFile)
	if err := errors.Join(err, also); err != nil {
		return l, err
	}
	for _, line := range differ {
		test, why, ok := strings.Cut(line, ": ")
		if !ok {
			return l, fmt.Errorf("%s: %q gives no reason", differFile, line)
		}
		if slices.Contains(l.passing, test) {
			return l, fmt.Errorf("%s is in %s and in %s", test, passingFile, differFile)
		}
		l.differ[test] = why
	}
	return l, nil
}

// lines reads a list.
func lines(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read a list of tests: %w", err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	if len(all) == 0 || !slices.IsSortedFunc(all, byTest) {
		return nil, fmt.Errorf("%s is empty or not sorted", file)
	}
	return all, nil
}

// byTest compares lines by the tests that they begin with.
func byTest(a, b string) int {
	test, _, _ := strings.Cut(a, ": ")
	other, _, _ := strings.Cut(b, ": ")
	return strings.Compare(test, other)
}

// all are the tests of both lists.
func (l lists) all() []string {
	return slices.Sorted(slices.Values(slices.Concat(l.passing, slices.Collect(maps.Keys(l.differ)))))
}

// write replaces the lists.
func (l lists) write() error {
	passing := "# Tests of the server's own suite that pass at a server and through a node.\n" +
		"# MTR=find rewrites this list.\n" + strings.Join(slices.Sorted(slices.Values(l.passing)), "\n") + "\n"
	differ := "# Tests of the server's own suite that pass at a server and not through a node, and why.\n" +
		"# MTR=find rewrites this list and keeps the reasons.\n"
	for _, test := range slices.Sorted(maps.Keys(l.differ)) {
		differ += test + ": " + l.differ[test] + "\n"
	}
	return errors.Join(os.WriteFile(passingFile, []byte(passing), 0o644), os.WriteFile(differFile, []byte(differ), 0o644))
}
