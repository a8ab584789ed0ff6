// Package mysqld starts throwaway MySQL-compatible servers: real MariaDB (or
// MySQL 8) processes with a data directory, port and account of their own.
//
// It is for tests, benchmarks and the demo. It favours starting fast over
// surviving a power cut: nothing is synced to disk, and the freshly initialised
// data directory is made once for each version and copied for every server. A
// server survives SIGKILL like a real one. It ends when its parent ends.
//
// StartReplicated starts a group of servers that replicate by GTID,
// semi-synchronously unless told otherwise, with the accounts that a program, a
// cluster that changes active servers, and a replica need.
package mysqld
