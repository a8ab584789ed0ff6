package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/credentials"
)

const defaultHTTP = "127.0.0.1:13309"

// target says which running node a command talks to.
type target struct {
	http  string
	file  string
	files credentials.Files
	named string            // the HTTP address, since client
	shown admin.Credentials // since client
}

// tokenVariable names a file with an operator's token for all commands.
const tokenVariable = "MYSQLDA_TOKEN_FILE"

func (t *target) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.http, "http", "", "HTTP `address` of a running node (default "+defaultHTTP+")")
	cmd.Flags().StringVarP(&t.file, "file", "f", "", "config `file` of a running node, to take its HTTP address from, and what it asks for")
	cmd.Flags().StringVar(&t.files.Token, "token-file", "", "`file` with the operator's token to show (default: that of $"+tokenVariable+", or what -f names)")
	cmd.Flags().StringVar(&t.files.CA, "ca", "", "PEM `file` of the authorities of nodes' certificates; the node speaks TLS")
	cmd.Flags().StringVar(&t.files.Cert, "cert", "", "PEM `file` of the operator's certificate to show; the node speaks TLS")
	cmd.Flags().StringVar(&t.files.Key, "key", "", "PEM `file` of its private key")
}

// client reaches the node of --http, or else of the config file, or else of the
// default address. Secrets are in files: everybody sees command lines.
func (t *target) client() (*admin.Client, error) {
	address, shown, err := t.find()
	if err != nil {
		return nil, err
	}
	t.named, t.shown = address, shown
	return admin.NewClient(address, shown), nil
}

func (t *target) find() (address string, shown admin.Credentials, err error) {
	files := t.files
	if (files.Cert == "") != (files.Key == "") {
		return "", shown, &usageError{errors.New("--cert and --key go together")}
	}
	if files.Token == "" && files.Cert == "" {
		files.Token = os.Getenv(tokenVariable)
	}
	var cfg *config.Config
	address = defaultHTTP
	if t.file != "" {
		if cfg, err = config.Load(t.file); err != nil {
			return "", shown, err
		}
		address = config.Dialable(cfg.HTTP.Listen)
	}
	if t.http != "" {
		text, secured := strings.CutPrefix(t.http, "https://")
		if address, err = config.CheckAddress(text); err != nil {
			return "", shown, &usageError{fmt.Errorf("--http: %w", err)}
		}
		files.TLS = secured
	}
	shown, err = credentials.Of(cfg, files)
	return address, shown, err
}

// connect makes a client of another node of the same cluster, of whose HTTP address the
// first one has told. It is shown what that one was shown, or else, where that would be a
// token in the clear, its requests fail.
func (t *target) connect(address string) *admin.Client {
	if address == t.named {
		return admin.NewClient(address, t.shown)
	}
	return admin.NewClient(address, t.shown.ToOther(address))
}
