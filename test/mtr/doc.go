// Package mtr runs the server project's own test suite (Debian's mariadb-test)
// through a node: what passes at a server passes through a node, or is listed as
// differing with the reason.
//
// Each test is run by the suite's own interpreter, mariadb-test, at a server that
// runs already and is cleaned before each test. The suite's runner can do that too
// (its option --extern), but does not clean such a server: there one test that
// fails makes others fail.
//
// The lists are in testdata: passing.txt holds the tests that pass both ways,
// differ.txt those that pass at a server and not through a node, and quick.txt
// those of passing.txt that every run of the tests takes. docs/protocol.md repeats
// the reasons. Environment variable MTR chooses more, see TestSuite.
package mtr
