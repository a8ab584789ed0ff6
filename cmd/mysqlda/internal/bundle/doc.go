// Package bundle gathers what somebody needs who is to find out, elsewhere, what is
// wrong with a node: what it says of itself, how it is set up, and what its machine
// is like. It is for `mysqlda debug bundle`.
//
// What goes in holds no passwords: the config is what was understood of the file,
// whose passwords do not show, no comment of the file is in it, and each text is
// searched for them once more. Nothing of the data directory goes in but names and
// sizes.
//
//	collect.go  the parts
//	machine.go  facts of the machine and of the program
//	logtail.go  the end of a log
//	secrets.go  what must not be in it
//	archive.go  the file
package bundle
