package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm/seal"
)

func newSecret() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Encrypt the passwords that the cluster keeps to log in to servers",
		Long: `Encrypt ("seal") the passwords that the cluster keeps to log in to servers: those of auth
and failover, and of libraries' own accounts. They are sealed with AES-256-GCM in the log,
in snapshots and in backups. All nodes have the same key: in the file that
secrets.key_file of their config names, or in the environment as ` + seal.Variable + `.`,
		Example: `  mysqlda secret generate --file secret.key
  mysqlda secret status -f n1.conf`,
		RunE: action(func(_ *cobra.Command, args []string) error {
			return &usageError{oneOf("secret needs one of generate, rotate and status", args)}
		}),
	}
	cmd.AddCommand(newSecretGenerate(), newSecretRotate(), newSecretStatus())
	return cmd
}

func newSecretGenerate() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Make a key up, and print it or write it to a new file",
		Long: `Make a key up, and print it or, with --file, write it to a new file that only its owner
may read. Keep a copy apart from the backups: without the key the passwords in them are
lost, and with it they are not protected.`,
		Example: `  mysqlda secret generate --file secret.key
  mysqlda secret generate`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			key := seal.NewKey()
			if file == "" {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), key.Text())
				return err
			}
			if err := writeKey(file, key); err != nil {
				return err
			}
			cmd.Printf("key %s is in %s\n", key.ID(), file)
			return nil
		}),
	}
	cmd.Flags().StringVar(&file, "file", "", "`file` to write, which must not be there yet")
	return cmd
}

func writeKey(name string, key seal.Key) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already and is left alone: a key that is lost opens nothing any more", name)
	}
	if err != nil {
		return fmt.Errorf("writing a key: %w", err)
	}
	_, err = io.WriteString(file, key.Text()+"\n")
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("writing a key: %w", err)
	}
	return nil
}

func newSecretRotate() *cobra.Command {
	var t target
	var force bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Seal all passwords anew, with the current key of the node that is asked",
		Long: `Seal all passwords anew, with the current key of the node that is asked: the first one
in its key file. It is for the first key, too.

Before, give every node that key as the first line of its file, and the old one as the
second; nodes read a changed file by themselves. A node that does not have the key, or
does not answer, is named, and nothing is done without --force: it could not log in to
servers any more. When all is sealed, take the old key away.`,
		Example: `  mysqlda secret rotate -f n1.conf`,
		Args:    exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			known, err := client.Secrets(cmd.Context())
			switch {
			case err != nil:
				return err
			case known.Key == "":
				return errors.New("the node that was asked has no key: name a file with secrets.key_file, or set " + seal.Variable)
			}
			lacking, err := nodesWithout(cmd.Context(), &t, client, known.Key)
			if err != nil {
				return err
			}
			if len(lacking) > 0 && !force {
				return fmt.Errorf("not every node is known to have key %s: %s; give it to them first, or use --force", known.Key, strings.Join(lacking, "; "))
			}
			if err := client.Reseal(cmd.Context()); err != nil {
				return err
			}
			cmd.Printf("all passwords are sealed with key %s\n", known.Key)
			return nil
		}),
	}
	t.flags(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "also when a node does not have the key, or does not answer")
	return cmd
}

// nodesWithout asks all nodes which keys they have, and says which have not that one.
func nodesWithout(ctx context.Context, t *target, client *admin.Client, key string) ([]string, error) {
	status, err := client.Status(ctx)
	if err != nil {
		return nil, err
	}
	var lacking []string
	for _, n := range status.Nodes {
		if n.ID == status.Node {
			continue
		}
		known, err := t.connect(n.HTTP).Secrets(ctx)
		switch {
		case err != nil:
			lacking = append(lacking, fmt.Sprintf("node %s: %v", n.ID, err))
		case !slices.Contains(known.Keys, key):
			lacking = append(lacking, fmt.Sprintf("node %s has %s", n.ID, keyWords(known.Keys)))
		}
	}
	return lacking, nil
}

func keyWords(ids []string) string {
	if len(ids) == 0 {
		return "no key"
	}
	return "key " + strings.Join(ids, ", ")
}

func newSecretStatus() *cobra.Command {
	var t target
	var out output
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how the cluster's passwords are kept, as one node sees it",
		Example: `  mysqlda secret status -f n1.conf
  mysqlda secret status -o json --http 10.0.0.1:13309`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			return show(cmd, &t, &out, (*admin.Client).Secrets, printSecrets)
		}),
	}
	t.flags(cmd)
	out.flags(cmd)
	return cmd
}

func printSecrets(w io.Writer, s admin.Secrets) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	printRow(t, "keys of this node\t%s\n", keyWords(s.Keys))
	printRow(t, "sealed with the first one\t%d\n", s.Sealed)
	printRow(t, "sealed with an older one\t%d\n", s.Older)
	printRow(t, "in the clear\t%d\n", s.Clear)
	printRow(t, "not known to this node\t%d\n", len(s.Locked))
	if err := t.Flush(); err != nil {
		return err
	}
	for _, locked := range s.Locked {
		printRow(w, "%s\n", locked)
	}
	if s.Key != "" && s.Older+s.Clear > 0 {
		fmt.Fprintln(w, "`mysqlda secret rotate` seals all with the first key")
	}
	return nil
}

// secretTrouble says what an operator should know of how passwords are kept, "" for
// nothing.
func secretTrouble(s *admin.Secrets) string {
	switch {
	case s == nil:
		return ""
	case len(s.Locked) > 0:
		return "not known to this node, which cannot log in to servers: " + strings.Join(s.Locked, "; ")
	case s.Clear > 0:
		return fmt.Sprintf("%d passwords of servers are kept in the clear; see `mysqlda secret --help`", s.Clear)
	default:
		return ""
	}
}
