// Package cluster is what a run of failure tests breaks: a cluster of the real
// program and the MySQL servers of its libraries, each on a host of its own where the
// machine allows it (test/harness/hosts).
//
// It starts things, knows what is meant to run, and waits until everything is whole.
// Package nemesis breaks them; package workload is the clients and operators.
package cluster
