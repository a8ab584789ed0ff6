package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/daemon"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/handover"
	"github.com/mysqlda/mysqlda/proxy"
)

// newCheckRestart makes the command by which a running node asks this program whether it
// can take over.
func newCheckRestart() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     handover.CheckCommand + " -f FILE",
		Hidden:  true,
		Short:   "Say whether this program can take over from a running node",
		Long:    `Say whether this program can take over from a running node, which describes itself on stdin.`,
		Example: `  mysqlda ` + handover.CheckCommand + ` -f n1.conf <running.json`,
		Args:    exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(file)
			if err != nil {
				return err
			}
			var running handover.Running
			if err := json.NewDecoder(cmd.InOrStdin()).Decode(&running); err != nil {
				return fmt.Errorf("what the running node says of itself: %w", err)
			}
			if err := daemon.CanTakeOver(cmd.Context(), cfg, running); err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(handover.Answer{
				Version: version, Handover: handover.Version, Sessions: proxy.ImageVersion, HTTP: config.Dialable(cfg.HTTP.Listen),
			})
		}),
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the node's config `file`")
	required(cmd, "file")
	return cmd
}
