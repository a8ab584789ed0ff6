// Command mysqlda runs a node of a mysqlda cluster and operates one.
package main

import (
	"io"
	"os"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/original"
)

// version is the release; the build sets it.
var version = "unknown"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code of the process.
func run(args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	args, err := original.Translate(args, os.Getenv)
	if err != nil {
		return exitCode(root, err, stderr)
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	addStandardCommands(root)
	cmd, err := root.ExecuteC()
	return exitCode(cmd, err, stderr)
}
