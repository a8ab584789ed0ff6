package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// completionTimeout is how long somebody who presses TAB waits for a node.
const completionTimeout = time.Second

// completionExamples say how each shell comes to know the commands.
var completionExamples = map[string]string{
	"completion": `  source <(mysqlda completion bash)
  mysqlda completion fish > ~/.config/fish/completions/mysqlda.fish`,
	"bash": `  source <(mysqlda completion bash)
  mysqlda completion bash > /etc/bash_completion.d/mysqlda`,
	"zsh": `  source <(mysqlda completion zsh)
  mysqlda completion zsh > "${fpath[1]}/_mysqlda"`,
	"fish": `  mysqlda completion fish | source
  mysqlda completion fish > ~/.config/fish/completions/mysqlda.fish`,
	"powershell": `  mysqlda completion powershell | Out-String | Invoke-Expression`,
	"help":       `  mysqlda help library activate`,
}

// addStandardCommands adds the commands that cobra has, with examples. They keep the
// outputs that root has now.
func addStandardCommands(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if example := completionExamples[cmd.Name()]; example != "" {
			cmd.Example = example
			for _, shell := range cmd.Commands() {
				shell.Example = completionExamples[shell.Name()]
			}
		}
	}
}

// candidates are what a positional argument may be, by the status of a node and the
// arguments before it.
type candidates func(s admin.Status, before []string) []string

// completeArgs completes the arguments of a command, one after another, by asking
// the node that the command would ask. While none answers there is nothing to
// suggest.
func completeArgs(cmd *cobra.Command, t *target, places ...candidates) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, before []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(before) >= len(places) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		client, err := t.client()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		status, err := client.Status(ctx)
		if err != nil {
			status = admin.Status{} // words that need no node are suggested all the same
		}
		return places[len(before)](status, before), cobra.ShellCompDirectiveNoFileComp
	}
}

func libraryNames(s admin.Status, _ []string) []string {
	var names []string
	for _, l := range s.Libraries {
		names = append(names, l.Name)
	}
	return names
}

// serversOfLibrary are those of the library that is the first argument.
func serversOfLibrary(s admin.Status, before []string) []string {
	var addresses []string
	for _, l := range s.Libraries {
		if l.Name == before[0] {
			for _, server := range l.Servers {
				addresses = append(addresses, server.Address)
			}
		}
	}
	return addresses
}

// otherNodes are those that the node that answers may remove.
func otherNodes(s admin.Status, _ []string) []string {
	var ids []string
	for _, n := range s.Nodes {
		if n.ID != s.Node {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

func words(choices ...string) candidates {
	return func(admin.Status, []string) []string { return choices }
}

// completeFlag completes the value of a flag that is one of some words.
func completeFlag(cmd *cobra.Command, flag string, choices ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(fmt.Sprintf("command %s: %v", cmd.Name(), err)) // the flag is not defined
	}
}
