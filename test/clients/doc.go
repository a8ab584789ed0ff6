// Package clients compares MySQL clients at a server and through a node. Programs
// in many languages (programs/) check the same list of features and print a line
// for each; the test runs each of them at a server, through a node whose
// sessions are in a default library, and through one where they select their
// library first. What differs from the server is in the table of differences,
// which docs/protocol.md repeats, or is a failure.
package clients
