package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

func newInit() *cobra.Command {
	var file string
	var choices config.Choices
	cmd := &cobra.Command{
		Use:   "init -f FILE",
		Short: "Write a commented config file; never overwrites one",
		Example: `  mysqlda init -f mysqlda.conf
  mysqlda init -f n2.conf --node n2 --mysql 10.0.0.2:13306`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if err := config.Create(file, choices); err != nil {
				return err
			}
			cmd.Printf("wrote %s; set auth and forwards in it, then: mysqlda start -f %s%s\n",
				file, file, startHint(choices))
			return nil
		}),
	}
	flags := cmd.Flags()
	flags.StringVarP(&file, "file", "f", "", "the config `file` to write")
	flags.StringVar(&choices.NodeID, "node", "", "`id` of the node, unique in its cluster for ever")
	flags.StringVar(&choices.MySQL, "mysql", "", "`address` for MySQL clients (default 127.0.0.1:13306)")
	flags.StringVar(&choices.Listen, "cluster", "", "`address` for the other nodes, TCP (default: MySQL port + 1)")
	flags.StringVar(&choices.Gossip, "gossip", "", "`address` for gossip, TCP and UDP (default: MySQL port + 2)")
	flags.StringVar(&choices.HTTP, "http", "", "`address` of API, metrics and probes (default: MySQL port + 3)")
	required(cmd, "file")
	return cmd
}

func startHint(choices config.Choices) string {
	if !choices.Several() {
		return ""
	}
	return " --bootstrap (the first node) or --join ADDR (every other)"
}

// required marks a flag that must be given.
func required(cmd *cobra.Command, flag string) {
	if err := cmd.MarkFlagRequired(flag); err != nil {
		panic(fmt.Sprintf("command %s: %v", cmd.Name(), err)) // the flag is not defined
	}
}
