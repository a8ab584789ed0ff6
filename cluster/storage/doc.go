// Package storage is what a node keeps on disk: its data directory, and in it
//
//	lock        taken while a process uses the directory  dir.go
//	*.json      what must be known before the log is      jsonfile.go
//	raft.db     Raft's log, its term and its vote         stores.go
//	snapshots/  the state up to an entry, twice           snapshotmeta.go, snapshotstore.go
//
// Package cluster uses it, and knows what its JSON files say; this package knows
// no cluster. It keeps Raft's promises:
//
//   - What is acknowledged is on disk. A write that fails or hangs ends the node,
//     see Config.Fatal: after a sync that failed nobody knows what is there.
//   - Every file is checked when it is read, and the log's entries on their way
//     between nodes too. What is not as this node wrote it is never used.
//   - Damage is named. Either everything in a damaged file is in another place too,
//     and the node goes on from that; or the error is ErrDamaged with the file's
//     path. What is missing is ErrDataLost.
//
// The log, from the disk up: bbolt's file is read without bbolt first (boltmeta.go,
// boltfile.go, logsurvey.go); each entry and each vote has a checksum (seal.go,
// logstore.go); failures and stalls are reported (watchdog.go); its beginning is
// deleted in small steps (truncate.go). A snapshot is written by snapshotsink.go,
// when logmeter.go says that one is due; reconcile.go makes sure at the start that
// the snapshots and the log after them hold everything.
//
// Of a stopped node: offline.go reads single parts, state.go all that it
// remembers, and neither changes anything, so that a disk can be mounted read-only
// and a doubtful copy stays as it is. found.go makes the stores of a new cluster's
// first node, unusedlog.go removes a log that no other node has heard of.
package storage
