// Package workload is what clients and operators ask of a cluster while it is
// injured: each workload is one kind of them. They record what they were told, and
// judge nothing; package check does. The run loop of test/jepsen calls Choose and Run.
package workload
