package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/importer"
)

func TestPlacementsAreImportedBeforeBindings(t *testing.T) {
	o := importOptions{out: output{"table"}, fromLine: 1}
	got, err := o.files([]string{"m.card.save", "m.save", "m.phone.save", "n.save"})
	want := []importer.File{{Path: "m.save"}, {Path: "n.save"}, {Path: "m.card.save", Class: "card"}, {Path: "m.phone.save", Class: "phone"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	o.classSet, o.class = true, ""
	if got, err := o.files([]string{"m.card.save"}); err != nil || got[0].Class != "" {
		t.Errorf("%v, %v", got, err)
	}
	for name, o := range map[string]importOptions{
		"a class for two files":    {classSet: true, class: "c", fromLine: 1},
		"a line of two files":      {fromLine: 2},
		"line 0":                   {},
		"no patience":              {fromLine: 1, retryFor: -1},
		"fewer than no problems":   {fromLine: 1, maxProblems: -1},
		"an output of its own":     {fromLine: 1, out: output{"xml"}},
		"a class with a space":     {fromLine: 1, classSet: true, class: "a b"},
		"a class that is too long": {fromLine: 1, classSet: true, class: strings.Repeat("x", 65)},
	} {
		if o.out.format == "" {
			o.out.format = "table"
		}
		paths := []string{"a.save", "b.save"}
		if o.classSet && o.class != "c" {
			paths = paths[:1]
		}
		if _, err := o.files(paths); !errors.As(err, new(*usageError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestImportThroughTheCommandLine(t *testing.T) {
	node := &fakeNode{}
	address := serve(t, node)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("mysqlda.save", "2017-08-24 22:17:11 1 mysql_data_1\n")
	torn := write("torn.save", "2017-08-24 22:17:11 1 old\n2017-08-24 22:17:11 2\n")
	for _, c := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
		asked  int
	}{
		{[]string{"import", file, "--dry-run"}, exitDone, "dry run, nothing was sent: read 1 lines", "", 0},
		{[]string{"import", file}, exitDone, "added 1 placements and 0 bindings", "", 1},
		{[]string{"import", torn}, exitFailed, "", `nothing was imported: the cluster does not have these libraries: "old"`, 0},
		{[]string{"import", torn, "--library", "old=nowhere"}, exitUsage, "", "the cluster has no library nowhere", 0},
		{[]string{"import", torn, "--library", "old=mysql_data_2"}, exitProblems, "problems: conflicts 0, torn 1", torn + ":2: torn: ", 1},
		{[]string{"import", filepath.Join(dir, "none")}, exitFailed, "", "no such file", 0},
		{[]string{"import", torn, "--report", torn}, exitUsage, "", "--report " + torn + " is a file to import", 0},
		{[]string{"import", torn, file, dir + "/./torn.save"}, exitUsage, "", "torn.save is named twice", 0},
		{[]string{"import", dir}, exitFailed, "", dir + " is a directory", 0},
		{[]string{"import"}, exitUsage, "", "FILE is missing", 0},
		{[]string{"export"}, exitUsage, "", "either --dir or --jsonl", 0},
		{[]string{"export", "--dir", dir, "--jsonl", file}, exitUsage, "", "either --dir or --jsonl", 0},
		{[]string{"export", "--backup", file, "--dir", dir}, exitUsage, "", "leave out --http", 0},
		{[]string{"export", "--dir", dir}, exitFailed, "", "--force", 0},
	} {
		node.asked = nil
		code, stdout, stderr := execute(append(c.args, "--http", address)...)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) || len(node.asked) != c.asked {
			t.Errorf("%v: exit code %d, asked %v\n%s\n%s", c.args, code, node.asked, stdout, stderr)
		}
	}
	if text, err := os.ReadFile(torn); err != nil || len(text) == 0 {
		t.Errorf("a refused report has changed the save file: %q, %v", text, err)
	}
}
