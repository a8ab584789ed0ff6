// Command bench measures what a node costs: the same load on a server directly,
// through HAProxy in TCP mode, through one node, and through a node of three, in
// turn and several times, so that a machine whose speed drifts treats all alike.
// What counts are the ratios of the medians, in one run. New core objects have
// nothing to be compared with; they are measured through the clients' port of three
// nodes, beside what the disk takes.
//
// It needs sysbench and haproxy beside MariaDB, and runs everything on this
// machine. Load that sysbench does not know comes from a client of our own,
// which reads packets by their headers only: a driver that decodes 100,000 rows
// needs longer than the server that makes them, and would hide what is between.
//
// Where things are: stage.go, targets.go and haproxy.go start what is measured;
// scene.go lists what is measured, and sysbench.go, statement.go, result.go and
// connect.go do it; assign.go measures new core objects and fsync.go the disk;
// idle.go and slow.go measure memory; required.go knows the numbers to reach;
// report.go and machine.go write it down. What test/benchdirectory needs as well is
// in packages: observe looks at processes, report makes the tables and the document.
package main
