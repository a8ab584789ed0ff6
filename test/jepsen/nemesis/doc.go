// Package nemesis injures a running cluster: its processes, its links, its disks and
// its servers, one at a time and several at once. What it does follows from a seed, as
// far as the cluster's answers allow: who leads is the cluster's to say.
//
// Every injury is recorded and healed by who did it. It judges nothing; an error of
// this package is a failure of the tests, not of the program. test/jepsen calls it.
package nemesis
