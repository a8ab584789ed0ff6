package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/doctor"
)

// evil is what a server might say: it clears the screen and makes up a row and a cell.
const evil = "no\x1b[2J\nlibrary_9\topen\v\f\r\u009b1m\u202e"

func TestATerminalObeysNothingThatServersSay(t *testing.T) {
	status := admin.Status{Node: "n1", NotReady: evil, ClusterID: "c", Libraries: []admin.LibraryStatus{{
		Name: "library_1", Risks: []string{evil}, Switch: &admin.SwitchStatus{Reason: evil},
		Servers: []admin.ServerStatus{
			{Address: "10.0.0.1:3306", SeenBy: []admin.SeenBy{{Node: "n1"}}, LastError: evil},
			{Address: "10.0.0.2:3306", SeenBy: []admin.SeenBy{{Node: "n1"}}, LastError: "none"},
		},
	}}}
	report := doctor.Report{Findings: []doctor.Finding{{Level: doctor.Problem, Check: "server " + evil, Seen: evil, Advice: evil}}}
	for name, print := range map[string]func(io.Writer) error{
		"status": func(w io.Writer) error { return printStatus(w, status) },
		"doctor": func(w io.Writer) error { return printReport(w, report) },
		"secret": func(w io.Writer) error { return printSecrets(w, admin.Secrets{Locked: []string{evil}}) },
		"other":  func(w io.Writer) error { _, err := io.WriteString(w, "reason: "+evil+"\n"); return err },
	} {
		var all strings.Builder
		out := output{format: asTable}
		if err := out.print(&all, nil, print); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.ContainsAny(all.String(), "\x1b\t\v\f\r\u009b\u202e") || !strings.Contains(all.String(), "no?[2J") {
			t.Errorf("%s prints %q", name, all.String())
		}
		for line := range strings.Lines(all.String()) {
			if strings.HasPrefix(line, "library_9") && name != "other" { // which has no cells
				t.Errorf("%s has a line that a server made up: %q", name, all.String())
			}
		}
	}
	var stderr strings.Builder
	if exitCode(&cobra.Command{}, &failure{errors.New(evil)}, &stderr); stderr.String() != "mysqlda: no?[2J library_9 open ?1m?\n" {
		t.Errorf("the error is printed as %q", stderr.String())
	}
}
