// Package check holds what clients were told, and what a cluster knows in the end,
// against what it promises. It judges; it asks nobody.
package check
