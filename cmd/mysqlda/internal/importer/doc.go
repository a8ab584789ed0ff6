// Package importer brings the records of save files into a running cluster:
// it reads a file, packs its records into chunks of one log entry each, keeps a
// few of them under way, and tells what became of every line.
//
// Records of one name always travel in the same lane, one chunk after the other,
// so that of two lines that contradict each other the first one counts. Sending
// is idempotent, so a chunk whose answer was lost is sent again.
package importer
