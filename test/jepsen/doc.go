// Command jepsen breaks a cluster of the real program while clients use it, and holds
// what they were told against what the cluster promises. docs/jepsen.md says what is
// checked, what is broken, and what was found.
//
// Where things are: cluster starts what is broken; workload is its clients and
// operators; nemesis breaks it; history keeps what clients were told; model and check
// judge it; report shows it. Here is one run: run.go goes through it, gather.go,
// rows.go, vitals.go and recovery.go ask for what is known in the end, and verdict.go
// writes down what came of it. Command mutants, below, shows that broken programs are
// caught.
package main
