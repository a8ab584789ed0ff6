// Package observe looks at processes and nodes from outside: their CPU time, their
// memory, their files, a node's metrics. It also says what machine this is. The
// benchmarks use it; it measures on Linux only.
package observe
