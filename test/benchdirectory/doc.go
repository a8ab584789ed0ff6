// Command benchdirectory measures the directory: what a placement costs in memory,
// how fast it is found, how long the state machine is held up while it grows or is
// written down, and how a cluster of three nodes takes an import, starts again and
// lets a fourth node in, with 1, 10 and 50 million core objects.
//
// It needs MariaDB and a mysqlda program, and runs everything on this machine.
// What it makes lies in a temporary directory, which it removes.
//
// Where things are: run.go goes through the parts. alone.go runs each measurement of
// package fsm in a process of its own, so that no memory is left of another one;
// growth.go, lookup.go, garbage.go, written.go, restore.go and gomap.go are those
// measurements, and feeder.go makes and applies commands for them. stage.go starts a
// cluster; importing.go, statements.go, restart.go and joining.go measure it, with the
// clients of client.go and assigning.go. required.go knows the numbers to reach;
// topics.go, clustertopics.go and report.go write it all down.
package main
