package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/pki"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
	"github.com/mysqlda/mysqlda/fsm"
)

// The files of an authority, in its directory.
const (
	authorityCertificate = "ca.pem"
	authorityKey         = "ca-key.pem"
)

const maxCertificateDays = 100 * 365

func newCA() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "Make a small authority, and certificates for nodes and operators",
		Long: `Make a small authority of the cluster's own, and certificates that it signs: for nodes,
which show them to each other (cluster.tls) and on their HTTP address (http.tls), and for
operators, who show them to the HTTP address (http.tls.client_ca). These commands work
with files only and ask no node. docs/security.md leads through all of it.

An authority of yours does as well: a node's certificate needs the subject alternative
name URI:mysqlda://node/ID and has to be good for servers and clients.`,
		Example: `  mysqlda ca init --dir /root/mysqlda-ca
  mysqlda ca issue --dir /root/mysqlda-ca --node n1 --host 10.0.0.1`,
		RunE: action(func(_ *cobra.Command, args []string) error {
			return &usageError{oneOf("ca needs init or issue", args)}
		}),
	}
	cmd.AddCommand(newCAInit(), newCAIssue())
	return cmd
}

func newCAInit() *cobra.Command {
	var dir, name string
	var days int
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make an authority: ca.pem for everybody, ca-key.pem to be kept",
		Long: `Make an authority: ca.pem goes to every node, ca-key.pem signs certificates and is kept
away from them. Whoever has ca-key.pem can make a node of any machine. Nothing is
overwritten.`,
		Example: `  mysqlda ca init --dir /root/mysqlda-ca
  mysqlda ca init --dir /root/mysqlda-ca --name "payments cluster" --days 3650`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			life, err := certificateLife(days)
			if err != nil {
				return err
			}
			pair, err := pki.NewAuthority(name, life, time.Now())
			if err != nil {
				return fmt.Errorf("making an authority: %w", err)
			}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return fmt.Errorf("making an authority: %w", err)
			}
			certificate, key := filepath.Join(dir, authorityCertificate), filepath.Join(dir, authorityKey)
			if err := writePair(pair, certificate, key); err != nil {
				return err
			}
			cmd.Printf("wrote %s, for every node: \"ca\" of cluster.tls, \"client_ca\" of http.tls\n"+
				"wrote %s, which signs certificates: keep it away from the nodes\n", certificate, key)
			return nil
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&dir, "dir", ".", "`directory` to put the two files in; made if it is missing")
	flags.StringVar(&name, "name", "mysqlda authority", "`name` in the authority's certificate")
	flags.IntVar(&days, "days", int(pki.AuthorityLife/(24*time.Hour)), "how many days it is valid")
	return cmd
}

func newCAIssue() *cobra.Command {
	var dir, to string
	var request pki.Request
	var days int
	cmd := &cobra.Command{
		Use:   "issue --node ID | --operator NAME",
		Short: "Make a certificate for a node or an operator, and its private key",
		Long: `Make a certificate for a node or an operator, and its private key: NAME.pem and
NAME-key.pem. It names a node by its id, whatever addresses that has; --host adds those
under which its HTTP address is reached, which clients of HTTP check. Nothing is
overwritten: to renew a certificate write it elsewhere with --out, and put the files in
the old ones' place. Nodes read them again.`,
		Example: `  mysqlda ca issue --dir /root/mysqlda-ca --node n1 --host 10.0.0.1 --host db1.example.com
  mysqlda ca issue --dir /root/mysqlda-ca --operator alice --days 90
  mysqlda ca issue --dir /root/mysqlda-ca --node n1 --out renewed`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if (request.Node == "") == (request.Operator == "") {
				return &usageError{errors.New("a certificate is for a node or for an operator: give one of --node and --operator")}
			}
			if request.Operator != "" && len(request.Hosts) > 0 {
				return &usageError{errors.New("--host is for nodes: nobody connects to an operator")}
			}
			var err error
			if request.Life, err = certificateLife(days); err != nil {
				return err
			}
			name := request.Node + request.Operator
			if err := checkCertifiedName(name); err != nil {
				return err
			}
			if err := admin.CheckReserved(request.Operator); err != nil {
				return &usageError{fmt.Errorf("--operator: %w", err)}
			}
			for _, host := range request.Hosts {
				if _, err := config.CheckAddress(joinHost(host)); err != nil {
					return &usageError{fmt.Errorf("--host: %q is neither an IP address nor a host name", host)}
				}
			}
			authority, err := loadAuthority(dir)
			if err != nil {
				return err
			}
			pair, err := authority.Issue(request, time.Now())
			if err != nil {
				return fmt.Errorf("making a certificate for %s: %w", name, err)
			}
			certificate, key := filepath.Join(to, name+".pem"), filepath.Join(to, name+"-key.pem")
			if err := os.MkdirAll(to, 0o700); err != nil {
				return fmt.Errorf("making a certificate for %s: %w", name, err)
			}
			if err := writePair(pair, certificate, key); err != nil {
				return err
			}
			if request.Operator != "" {
				cmd.Printf("wrote %s and %s: mysqlda status --http https://HOST:PORT --ca %s --cert %s --key %s\n",
					certificate, key, filepath.Join(dir, authorityCertificate), certificate, key)
				return nil
			}
			cmd.Printf("wrote %s and %s; for the config of node %s:\n"+
				"\"cluster\": { \"tls\": { \"ca\": %q, \"cert\": %q, \"key\": %q } }\n", certificate, key, name,
				authorityCertificate, name+".pem", name+"-key.pem")
			return nil
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&dir, "dir", ".", "`directory` of the authority's files")
	flags.StringVar(&to, "out", ".", "`directory` to put the two files in; made if it is missing")
	flags.StringVar(&request.Node, "node", "", "`id` of the node (node.id of its config)")
	flags.StringVar(&request.Operator, "operator", "", "`name` of the operator, as logs shall show it")
	flags.StringArrayVar(&request.Hosts, "host", nil, "host `name` or IP address of the node's HTTP address (may be repeated)")
	flags.IntVar(&days, "days", int(pki.NodeLife/(24*time.Hour)), "how many days it is valid, at most as long as the authority")
	return cmd
}

// joinHost makes an address of a host, for the check of addresses.
func joinHost(host string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":1"
}

func certificateLife(days int) (time.Duration, error) {
	if days < 1 || days > maxCertificateDays {
		return 0, &usageError{fmt.Errorf("--days must be from 1 to %d, not %d", maxCertificateDays, days)}
	}
	return time.Duration(days) * 24 * time.Hour, nil
}

// checkCertifiedName refuses what can be no node id, or no name of a file.
func checkCertifiedName(name string) error {
	err := fsm.CheckName("the name", name, fsm.MaxNameLen)
	if err == nil && (strings.ContainsAny(name, `/\`) || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-")) {
		err = fmt.Errorf("%q cannot be the name of a file", name)
	}
	if err != nil {
		return &usageError{err}
	}
	return nil
}

func loadAuthority(dir string) (*pki.Authority, error) {
	certificate, err := os.ReadFile(filepath.Join(dir, authorityCertificate))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no authority in %s: `mysqlda ca init` makes one, --dir names its directory", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	key, err := secretfile.Read(filepath.Join(dir, authorityKey))
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	authority, err := pki.LoadAuthority(pki.Pair{Certificate: certificate, Key: key})
	if err != nil {
		return nil, fmt.Errorf("the authority in %s cannot be used: %w", dir, err)
	}
	return authority, nil
}

// writePair writes both files or none, and overwrites neither.
func writePair(pair pki.Pair, certificate, key string) error {
	if err := createSecret(key, pair.Key); err != nil {
		return err
	}
	err := secretfile.Create(certificate, pair.Certificate, 0o644)
	if err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s exists already; nothing is overwritten: name another directory, or move it away", certificate)
	}
	return errors.Join(err, os.Remove(key))
}

// createSecret writes a new file that only its owner may read.
func createSecret(path string, text []byte) error {
	err := secretfile.Create(path, text, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already; nothing is overwritten: name another place, or move it away", path)
	}
	return err
}
