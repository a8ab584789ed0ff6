package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

func TestEveryCommandHasAnExampleThatNamesIt(t *testing.T) {
	var walk func(*cobra.Command)
	seen := 0
	walk = func(cmd *cobra.Command) {
		seen++
		if !strings.Contains(cmd.Example, "  "+cmd.CommandPath()) && !strings.Contains(cmd.Example, "("+cmd.CommandPath()) {
			t.Errorf("%s: its example does not show it: %q", cmd.CommandPath(), cmd.Example)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		if _, help, _ := execute(append(strings.Fields(cmd.CommandPath())[1:], "--help")...); !strings.Contains(help, "Examples:\n"+cmd.Example) {
			t.Errorf("%s: --help does not show its example", cmd.CommandPath())
		}
	}
	root := newRoot()
	addStandardCommands(root)
	walk(root)
	if seen < 40 {
		t.Errorf("only %d commands were found", seen)
	}
}

func TestShellsAreToldHowToComplete(t *testing.T) {
	_, help, _ := execute("--help")
	if !strings.Contains(help, "\n  completion ") {
		t.Errorf("the command is not shown:\n%s", help)
	}
	for shell, want := range map[string]string{"bash": "complete -o", "zsh": "#compdef mysqlda", "fish": "complete -c mysqlda"} {
		if code, script, stderr := execute("completion", shell); code != 0 || !strings.Contains(script, want) {
			t.Errorf("%s: exit code %d, %s, no %q", shell, code, stderr, want)
		}
	}
}

func TestArgumentsAreCompletedFromANode(t *testing.T) {
	address := serve(t, &fakeNode{})
	file := write(t, address, "[]")
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, c := range []struct{ args, want string }{
		{"library pin --http " + address, "mysql_data_1 mysql_data_2"},
		{"library weight -f " + file, "mysql_data_1 mysql_data_2"},
		{"library weight --http " + address + " mysql_data_1", ""},
		{"library activate --http " + address + " mysql_data_1", "10.1.0.1:3306 10.1.0.2:3306"},
		{"library maintenance --http " + address + " mysql_data_2 10.1.0.3:3306", "on off"},
		{"library tls --http " + address + " mysql_data_2", "off required verify_ca verify_identity"},
		{"library failover --http " + address + " mysql_data_2", "off ordered follow promote"},
		{"remove --http " + address, "n2 n3"},
		{"status -o", "table json yaml"},
		{"library add x --failover", "off ordered follow promote"},
		{"library pin --http 127.0.0.1:1", ""},
		{"library pin --http " + silent.Addr().String(), ""},
		{"library pin --http nonsense", ""},
	} {
		began := time.Now()
		args := append([]string{"__complete"}, strings.Fields(c.args)...)
		_, stdout, _ := execute(append(args, "")...)
		suggested, directive, _ := strings.Cut(stdout, ":")
		if c.want != "" {
			suggested, directive = stdout[:strings.LastIndex(stdout, ":")], stdout[strings.LastIndex(stdout, ":")+1:]
		}
		if got := strings.Join(strings.Fields(suggested), " "); got != c.want || !strings.HasPrefix(directive, "4") {
			t.Errorf("%s: got %q, %s", c.args, got, directive)
		}
		if took := time.Since(began); took > 30*completionTimeout {
			t.Errorf("%s: took %s", c.args, took)
		}
	}
}
