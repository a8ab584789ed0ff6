// Command failover breaks servers, nodes and the network between them under load, and
// checks what became of what clients were told: that every acknowledged write is on
// the active server, once; that no server was used when another one was the active
// one; how long nothing could be written; and that the other library did not notice.
//
// It needs root, MariaDB, iproute2 and nftables, and runs everything on this machine:
// three nodes and four servers, each on a host of its own (test/harness/hosts). Three
// servers are of the library `moving` and replicate semi-synchronously; one is of the
// library `still`, where nothing happens. Every run is a scene of its own: healthy
// start, fault, heal, check.
//
// Where things are: scenarios.go lists the scenarios, and serverfaults.go, nodefaults.go,
// networkfaults.go, planned.go and policies.go are what they do; run.go goes through one
// run. scene.go and servers.go start what is broken. load.go starts the clients:
// writer.go, watcher.go and reader.go, with session.go and outcome.go; history.go keeps
// what they were told. settle.go waits until everything is whole again, rows.go reads
// what servers have, and check.go, sequence.go and gaps.go hold it against the history.
// required.go knows the numbers to reach; report.go writes it down.
package main
