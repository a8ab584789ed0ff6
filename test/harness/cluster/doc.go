// Package cluster runs clusters of the real mysqlda program: one child process
// a node, with config files, data directories and ports of their own.
//
// It is for tests, benchmarks and the demo. Nodes can be stopped, killed,
// paused, restarted and moved to other addresses. In tests a node's log is shown
// when the test fails, and a data race or a panic in it fails the test.
package cluster
