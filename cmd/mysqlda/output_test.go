package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// printing are the commands that print data, and arguments with which they do, "-" for
// those that need more than one node that answers: tests of their own have them.
var printing = map[string]string{
	"status": "", "locate": "cust-1", "library list": "", "settings list": "",
	"log level": "", "version": "", "top": "-",
	"ring simulate": "--libraries a=1,b=2 --objects 10",
	"backup":        "DIR/b", "export": "--dir DIR",
	"doctor": "-", "import": "-", "inspect": "-", "restore": "-", "recover": "-", "debug bundle": "-",
}

func TestWhatPrintsDataPrintsItForProgramsToo(t *testing.T) {
	address := serve(t, &fakeNode{snapshot: aState(t)})
	for command, rest := range printing {
		words := strings.Fields(command)
		cmd, _, err := newRoot().Find(words)
		if err != nil || cmd.Flags().Lookup("output") == nil || cmd.CommandPath() != "mysqlda "+command {
			t.Errorf("%s has no --output: %v", command, err)
		}
		if rest == "-" {
			continue
		}
		for format, parse := range map[string]func([]byte, any) error{asJSON: json.Unmarshal, asYAML: yaml.Unmarshal} {
			args := append(words, strings.Fields(strings.ReplaceAll(rest, "DIR", t.TempDir()))...)
			if cmd.Flags().Lookup("http") != nil {
				args = append(args, "--http", address)
			}
			code, stdout, stderr := execute(append(args, "-o", format)...)
			var got any
			if err := parse([]byte(stdout), &got); err != nil || got == nil || code != exitDone || stderr != "" {
				t.Errorf("%s -o %s: exit code %d, %v\n%s\n%s", command, format, code, err, stdout, stderr)
			}
			if text, isText := got.(string); isText {
				t.Errorf("%s -o %s is the text %q", command, format, text)
			}
		}
		code, _, stderr := execute(append(words, "-o", "xml")...)
		if code != exitUsage {
			t.Errorf("%s -o xml: exit code %d, %s", command, code, stderr)
		}
	}
}

func TestEveryFlagForOutputIsTheSame(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if f := cmd.Flags().Lookup("output"); f != nil && (f.Shorthand != "o" || f.DefValue != asTable) {
			t.Errorf("%s: --output is %+v", cmd.CommandPath(), f)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}

func TestABackupAndAnExportTellProgramsWhatTheyWrote(t *testing.T) {
	address, dir := serve(t, &fakeNode{snapshot: aState(t)}), t.TempDir()
	var made struct {
		File       string
		Index      int
		Placements int
	}
	file := filepath.Join(dir, "b")
	_, stdout, _ := execute("backup", file, "--http", address, "-o", "json")
	if err := json.Unmarshal([]byte(stdout), &made); err != nil || made.File != file || made.Index != 4 || made.Placements != 2 {
		t.Errorf("%+v, %v: %s", made, err, stdout)
	}
	var wrote struct {
		Files    []string
		Bindings int
	}
	_, stdout, _ = execute("export", "--backup", file, "--dir", dir, "-o", "json")
	if err := json.Unmarshal([]byte(stdout), &wrote); err != nil || len(wrote.Files) != 2 || wrote.Bindings != 1 {
		t.Errorf("%+v, %v: %s", wrote, err, stdout)
	}
}
