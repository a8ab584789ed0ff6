// Package topology describes what MySQL servers say of themselves and of each
// other: whether they take writes, whom they replicate from, and how far they
// are. It is what the data path, which asks the servers, and the cluster, which
// decides on what they say, both speak of. It also compares positions in the
// replication streams of MariaDB and of MySQL.
//
// It asks nobody and decides nothing. Everything in it is a value.
package topology
