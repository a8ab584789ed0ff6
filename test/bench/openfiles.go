package main

import (
	"fmt"
	"syscall"
)

// Bounds of the idle sessions of one run: enough that what is divided among them is
// theirs, and no more than a node takes by default.
const (
	minSessions = 100
	maxSessions = 10_000
)

// wantedOpenFiles is enough for two connections of each idle session.
const wantedOpenFiles = 2*maxSessions + 4096

// raiseOpenFiles raises this process's bound of open files, and so that of the
// processes it starts, as far as it may, and returns it.
func raiseOpenFiles() (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("ask for the bound of open files: %w", err)
	}
	wanted := syscall.Rlimit{Cur: wantedOpenFiles, Max: max(limit.Max, wantedOpenFiles)}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &wanted); err == nil {
		return wantedOpenFiles, nil
	}
	// Without the right to raise it the hard bound stays. Setting the bound makes
	// Go hand it down to children, which it does not do with one that it raised
	// by itself.
	limit.Cur = min(limit.Max, wantedOpenFiles)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("raise the bound of open files: %w", err)
	}
	return int(limit.Cur), nil
}

// checkOpenFiles says whether a node, or the client, can hold that many sessions.
func checkOpenFiles(openFiles, sessions int) error {
	if openFiles < sessions+spareConnections {
		return fmt.Errorf("%d sessions need %d open files, and no more than %d are allowed (ulimit -n): raise that, or ask for fewer -sessions",
			sessions, sessions+spareConnections, openFiles)
	}
	return nil
}
