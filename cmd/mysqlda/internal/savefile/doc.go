// Package savefile reads and writes the save files of the original mysqlda, a
// program that remembers placements and bindings in text files.
//
// It wrote one line a record, `2017-08-24 22:17:11 CORE LIBRARY`, and for a
// correlated class, in a file of its own, `2017-08-24 22:17:11 OBJECT CORE`. Each
// of a line's six pieces (time stamp, space, name, space, name, line end) was a
// write(2) of its own, in append mode and without fsync. So a process that was
// killed and a disk that was full have left lines that end anywhere, with the
// next one glued on, and two processes with one save file have left lines whose
// pieces are mixed. Reader says of each line what can be read without doubt, and
// why the rest cannot.
//
// It knows no cluster and sends nothing.
package savefile
