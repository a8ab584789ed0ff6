// Package report shows a run of the failure tests as one HTML page that needs no
// other file, and many runs as a page of links. It judges nothing: package check
// has done so. Package main of test/jepsen calls it at the end of each run.
package report
