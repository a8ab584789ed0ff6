// Package mtr runs the server project's own test suite (Debian's mariadb-test)
// twice: at a server and through a node in front of it. What passes at the
// server passes through the node, or is in the table of differences with the
// reason, which docs/protocol.md repeats.
//
// Each test file is run by the suite's own interpreter, mariadb-test, at a server
// that has been cleaned. testdata/direct.list holds the tests that pass at a
// server without options of their own; testdata/quick.list those of them that
// every run of the tests takes. Environment variable MTR chooses others, see
// main_test.go.
package mtr
