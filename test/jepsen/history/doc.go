// Package history records what clients asked of a cluster and what they were told,
// in the order of one clock. Workloads write it, checks read it.
package history
