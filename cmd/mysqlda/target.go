package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

const defaultHTTP = "127.0.0.1:13309"

// target says which running node a command talks to.
type target struct {
	http string
	file string
}

func (t *target) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.http, "http", "", "HTTP `address` of a running node (default "+defaultHTTP+")")
	cmd.Flags().StringVarP(&t.file, "file", "f", "", "config `file` of a running node, to take its HTTP address from")
}

// client reaches the node of --http, or else of the config file, or else of the
// default address.
func (t *target) client() (*admin.Client, error) {
	if t.http != "" {
		address, err := config.CheckAddress(t.http)
		if err != nil {
			return nil, &usageError{fmt.Errorf("--http: %w", err)}
		}
		return admin.NewClient(address), nil
	}
	if t.file == "" {
		return admin.NewClient(defaultHTTP), nil
	}
	cfg, err := config.Load(t.file)
	if err != nil {
		return nil, err
	}
	return admin.NewClient(config.Dialable(cfg.HTTP.Listen)), nil
}

// connect makes a client of another node of the same cluster, of whose HTTP address the
// first one has told.
func (t *target) connect(address string) *admin.Client { return admin.NewClient(address) }
