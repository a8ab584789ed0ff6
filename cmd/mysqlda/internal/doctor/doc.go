// Package doctor examines what a node needs to work well: its config file, ports,
// disk and clock, the MySQL servers, their replication, and the ways to the other
// nodes.
//
// It is for `mysqlda doctor`. It changes nothing, neither at servers nor in the
// cluster, but for files of its own in the data directory, which it removes. What it
// finds holds no passwords.
//
//	doctor.go        the order of the checks
//	finding.go       what a check finds
//	view.go          what the node says of its cluster, if it runs
//	configfile.go    the file
//	modes.go         who may read files with secrets
//	certificates.go  certificates and keys that the file names
//	ports.go         the node's own addresses
//	disk.go          how fast and how full the data directory is
//	nodes.go         the other nodes, and the ways to them
//	clocks.go        their clocks
//	libraries.go     libraries and servers, and what is seen of each
//	servers.go       each server for itself
//	alike.go         what has to be the same at all servers
//	replication.go   servers of libraries that fail over
//	accounts.go      rights of the accounts
package doctor
