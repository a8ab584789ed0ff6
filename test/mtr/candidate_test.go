package mtr

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// suites are the parts of the suite that are tried. The others need servers of
// their own (replication, clusters), options, plugins, or hours.
var suites = []string{"compat/oracle", "csv", "handler", "heap", "jp", "json", "main", "sql_sequence"}

// needsMore are words of test files that end, restart or debug the server, or need an
// engine, a plugin or a result of another build.
var needsMore = []string{
	"shutdown", "restart_mysqld", "kill_mysqld", "start_mysqld", "big_test", "have_debug", "not_as_root", "have_example",
	"have_archive", "have_log_bin", "have_binlog", "master-slave", "kill_and_restart",
}

// candidates are all tests that need no server of their own.
func candidates() ([]string, error) {
	var all []string
	for _, suite := range suites {
		files, err := filepath.Glob(filepath.Join(place(suite), "*.test"))
		if err == nil && len(files) == 0 {
			err = fmt.Errorf("suite %s has no tests", suite)
		}
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			fits, err := fits(file)
			if err != nil {
				return nil, err
			}
			if fits {
				all = append(all, suite+"."+strings.TrimSuffix(filepath.Base(file), ".test"))
			}
		}
	}
	slices.Sort(all)
	return all, nil
}

// fits tells whether a test file can be run at a server that runs already. A test
// that has options for its server may pass without them.
func fits(file string) (bool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return false, fmt.Errorf("read a test file: %w", err)
	}
	return !slices.ContainsFunc(needsMore, func(word string) bool { return strings.Contains(string(text), word) }), nil
}

// place is the directory of a suite's test files.
func place(suite string) string {
	dir := filepath.Join(suiteDir, suite)
	if suite != "main" {
		dir = filepath.Join(suiteDir, "suite", suite)
	}
	if t := filepath.Join(dir, "t"); isDir(t) {
		return t
	}
	return dir
}

// results is the directory of a suite's results.
func results(suite string) string {
	dir := place(suite)
	if filepath.Base(dir) == "t" {
		return filepath.Join(filepath.Dir(dir), "r")
	}
	return dir
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
