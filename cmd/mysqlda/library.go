package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

func newLibrary() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "library",
		Short: "Add, weight, close, drain, open, protect, switch, remove and list libraries",
		Example: `  mysqlda library list -f n1.conf
  mysqlda library add library_3 --server 10.0.1.3:3306 -f n1.conf`,
		RunE: action(func(_ *cobra.Command, args []string) error {
			return &usageError{oneOf("library needs one of add, weight, close, drain, open, tls, failover, activate, pin, unpin, maintenance, remove and list", args)}
		}),
	}
	cmd.AddCommand(newLibraryAdd(), newLibraryWeight(),
		newLibraryState("close", "Let a library get no new core objects; those that live there stay", admin.CloseLibrary, "gets no new core objects"),
		newLibraryState("drain", "Let a library get no new core objects and show that it is to be emptied", admin.DrainLibrary, "gets no new core objects and is to be emptied"),
		newLibraryState("open", "Let a library get new core objects again", admin.OpenLibrary, "gets new core objects"),
		newLibraryTLS(),
		newLibraryFailover(), newLibraryActivate(), newLibraryPin(), newLibraryUnpin(), newLibraryMaintenance(), newLibraryRemove(),
		newLibraryList())
	return cmd
}

func newLibraryAdd() *cobra.Command {
	var t target
	var servers []string
	share := weight(fsm.DefaultWeight)
	mode := fsm.TLSOff.String()
	failover, failback := fsm.FailoverOrdered.String(), false
	cmd := &cobra.Command{
		Use:   "add NAME --server ADDR[,ADDR]",
		Short: "Add a library; nothing moves, new core objects land there too",
		Long: `Add a library; nothing moves, new core objects land there too. Whether its
servers can be reached is not checked: one that is added with --weight 0 gets no
core object before ` + "`status`" + ` shows it healthy and ` + "`library weight`" + ` gives it a share.

All nodes use one of the servers, the active one: at first the first. ` + "`library\nfailover --help`" + ` says how another one takes its place.`,
		Example: `  mysqlda library add library_3 --server 10.0.1.3:3306 -f n1.conf
  mysqlda library add library_4 --server 10.0.1.4:3306,10.0.2.4:3306 --failover promote -f n1.conf`,
		Args: exactly("NAME"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			if err := checkAddresses("--server", servers); err != nil {
				return err
			}
			if err := checkTLSMode("--tls", mode); err != nil {
				return err
			}
			if err := checkFailover("--failover", failover, failback); err != nil {
				return err
			}
			change := admin.LibraryChange{
				Op: admin.AddLibrary, Library: args[0], Weight: uint32(share), Servers: servers, TLS: mode,
				Failover: failover, Failback: failback,
			}
			return changeLibrary(cmd, &t, change, "is added")
		}),
	}
	t.changeFlags(cmd)
	cmd.Flags().StringSliceVar(&servers, "server", nil, "`addresses` of its MySQL servers; the first is the active one")
	cmd.Flags().Var(&share, "weight", "its share of new core objects relative to the others' weights")
	cmd.Flags().StringVar(&mode, "tls", mode, "how connections to its servers are protected: "+tlsModes())
	cmd.Flags().StringVar(&failover, "failover", failover, "what is done when its active server fails: "+failoverPolicies())
	failbackFlag(cmd, &failback)
	completeFlag(cmd, "tls", fsm.TLSModes()...)
	completeFlag(cmd, "failover", fsm.FailoverPolicies()...)
	required(cmd, "server")
	return cmd
}

func newLibraryWeight() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:     "weight NAME WEIGHT",
		Short:   "Change a library's share of new core objects",
		Example: `  mysqlda library weight library_3 200 -f n1.conf`,
		Args:    exactly("NAME", "WEIGHT"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			var share weight
			if err := share.Set(args[1]); err != nil {
				return &usageError{fmt.Errorf("weight %w, not %q", err, args[1])}
			}
			change := admin.LibraryChange{Op: admin.SetWeight, Library: args[0], Weight: uint32(share)}
			return changeLibrary(cmd, &t, change, fmt.Sprintf("has weight %d", share))
		}),
	}
	// -5 is taken for a flag before it is seen to be no weight.
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w; a weight %w", err, errWeight)
	})
	t.changeFlags(cmd)
	completeArgs(cmd, &t, libraryNames)
	return cmd
}

func newLibraryState(name, short string, op admin.Operation, done string) *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:     name + " NAME",
		Short:   short,
		Example: "  mysqlda library " + name + " library_1 -f n1.conf",
		Args:    exactly("NAME"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			return changeLibrary(cmd, &t, admin.LibraryChange{Op: op, Library: args[0]}, done)
		}),
	}
	t.changeFlags(cmd)
	completeArgs(cmd, &t, libraryNames)
	return cmd
}

func newLibraryTLS() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:   "tls NAME MODE",
		Short: "Say how connections to a library's servers are protected",
		Long: `Say how connections to a library's servers are protected, of those that are opened
from now on:

  off              nothing is encrypted
  required         encrypted, whatever the server's certificate is
  verify_ca        and a known authority has signed the certificate
  verify_identity  and the certificate names the server's host

The authorities are those of backend.tls_ca in each node's config file.`,
		Example: `  mysqlda library tls library_3 verify_ca -f n1.conf`,
		Args:    exactly("NAME", "MODE"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			if err := checkTLSMode("MODE", args[1]); err != nil {
				return err
			}
			change := admin.LibraryChange{Op: admin.SetTLS, Library: args[0], TLS: args[1]}
			return changeLibrary(cmd, &t, change, "has TLS "+args[1])
		}),
	}
	t.changeFlags(cmd)
	completeArgs(cmd, &t, libraryNames, words(fsm.TLSModes()...))
	return cmd
}

func tlsModes() string { return strings.Join(fsm.TLSModes(), ", ") }

func checkTLSMode(name, word string) error {
	if _, ok := fsm.ParseTLSMode(word); !ok {
		return &usageError{fmt.Errorf("%s must be one of %s, not %q", name, tlsModes(), word)}
	}
	return nil
}

func newLibraryList() *cobra.Command {
	var t target
	var out output
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the libraries, their servers and how many core objects live there",
		Example: `  mysqlda library list -f n1.conf
  mysqlda library list -o yaml --http 10.0.0.1:13309`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			status, err := askStatus(cmd, &t, &out)
			if err != nil {
				return err
			}
			if status.ClusterID == "" {
				return errors.New(status.NotReady)
			}
			return out.print(cmd.OutOrStdout(), status.Libraries, func(w io.Writer) error { return printLibraries(w, status) })
		}),
	}
	t.flags(cmd)
	out.flags(cmd)
	return cmd
}

func changeLibrary(cmd *cobra.Command, t *target, change admin.LibraryChange, done string) error {
	client, err := t.client()
	if err != nil {
		return err
	}
	changes := []admin.LibraryChange{change}
	if expect := t.expected(cmd); expect != nil {
		_, err = client.Configure(cmd.Context(), admin.Configuration{ExpectRevision: expect, Changes: changes})
	} else {
		err = client.ChangeLibraries(cmd.Context(), admin.LibraryChanges{Changes: changes})
	}
	if err != nil {
		return err
	}
	cmd.Printf("library %s %s\n", change.Library, done)
	return nil
}

// weight is an operator's weight on the command line.
type weight uint32

var errWeight = fmt.Errorf("must be a whole number from 0 to %d", fsm.MaxWeight)

// Set, String and Type implement the interface of a flag's value.
func (w *weight) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n > fsm.MaxWeight {
		return errWeight
	}
	*w = weight(n)
	return nil
}

func (w *weight) String() string { return strconv.FormatUint(uint64(*w), 10) }
func (w *weight) Type() string   { return "weight" }
