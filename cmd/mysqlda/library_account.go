package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func newLibraryAccount() *cobra.Command {
	var t configurationTarget
	var secret newPassword
	var user string
	var ofCluster bool
	cmd := &cobra.Command{
		Use:   "account NAME --user USER",
		Short: "Say what nodes log in to a library's servers with",
		Long: `Say what nodes log in to a library's servers with: an account of the library's own, or
with --cluster that of the cluster (auth). It must exist on all of its servers first,
with the same rights. New connections use it at once; others are closed when their
sessions give them back.

A library with an account of its own shares no server with another library. The
accounts of failover are the cluster's.

The password comes from --password-file, or is asked for. --generate makes it up and
prints it; but then the account gets it afterwards, and cannot be used meanwhile.`,
		Example: `  mysqlda library account library_3 --user shop3 --password-file shop3.pass -f n1.conf
  mysqlda library account library_3 --cluster -f n1.conf`,
		Args: exactly("NAME"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			switch given := user != ""; {
			case given && ofCluster:
				return &usageError{errors.New("--user and --cluster exclude each other")}
			case !given && !ofCluster:
				return &usageError{errors.New("--user is missing; --cluster goes back to the account of the cluster")}
			case ofCluster && (secret.file != "" || secret.generate):
				return &usageError{errors.New("--cluster takes no password")}
			}
			change := admin.LibraryChange{Op: admin.SetAccount, Library: args[0], Account: &admin.Account{User: user}}
			if ofCluster {
				return changeLibrary(cmd, &t, change, "is logged in to with the account of the cluster")
			}
			word, err := secret.get(cmd, user)
			if err != nil {
				return err
			}
			change.Account.Password = word
			if err := changeLibrary(cmd, &t, change, "is logged in to as "+user); err != nil {
				return err
			}
			return secret.tell(cmd)
		}),
	}
	t.flags(cmd)
	secret.flags(cmd)
	cmd.Flags().StringVar(&user, "user", "", "`name` of the account at the library's servers")
	cmd.Flags().BoolVar(&ofCluster, "cluster", false, "use the account of the cluster again")
	completeArgs(cmd, &t.target, libraryNames)
	return cmd
}
