package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func newUser() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Add, change, remove and list the users that clients log in as",
		Long: `Add, change, remove and list the users that clients log in as. A change holds at all
nodes, without a restart. The cluster keeps no password of them, only what a login is
checked with; nodes log in to the libraries' servers with accounts of their own.

The user of the config file that the cluster was made with is the first one.`,
		Example: `  mysqlda user list -f n1.conf
  mysqlda user add billing --generate --network 10.1.0.0/16 -f n1.conf`,
		RunE: action(func(_ *cobra.Command, args []string) error {
			return &usageError{oneOf("user needs one of add, passwd, set, remove and list", args)}
		}),
	}
	cmd.AddCommand(newUserAdd(), newUserPasswd(), newUserSet(), newUserRemove(), newUserList())
	return cmd
}

func newUserAdd() *cobra.Command {
	var t target
	var secret newPassword
	var traits userTraits
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user",
		Long: `Add a user. Its password comes from --password-file, is made up and printed with
--generate, or is asked for; what is piped in is read up to the end of its first line.`,
		Example: `  mysqlda user add app --password-file app.pass -f n1.conf
  mysqlda user add billing --generate --default-library library_1 --network 10.1.0.0/16,127.0.0.1 -f n1.conf
  mysqlda user add dba --role admin --max-sessions 5 -f n1.conf`,
		Args: exactly("NAME"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			change, err := traits.change(cmd)
			if err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			word, err := secret.get(cmd, args[0])
			if err != nil {
				return err
			}
			change.Password = &word
			if err := client.AddUser(cmd.Context(), args[0], change); err != nil {
				return err
			}
			cmd.Printf("user %s is added\n", args[0])
			return secret.tell(cmd)
		}),
	}
	t.flags(cmd)
	secret.flags(cmd)
	traits.flags(cmd)
	return cmd
}

func newUserSet() *cobra.Command {
	var t target
	var traits userTraits
	var lock, unlock bool
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change what a user may do, lock it and unlock it",
		Long: `Change what a user may do, lock it and unlock it. What no flag names stays as it is.
Sessions of a user that is locked end as soon as no transaction is open, after 30
seconds in any case. Other changes hold for what is done after them: sessions that are
there stay, whatever networks and --max-sessions say.`,
		Example: `  mysqlda user set billing --max-sessions 100 --network 10.1.0.0/16 -f n1.conf
  mysqlda user set billing --network any --default-library '' -f n1.conf
  mysqlda user set billing --lock -f n1.conf`,
		Args: exactly("NAME"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			change, err := traits.change(cmd)
			switch {
			case err != nil:
				return err
			case lock && unlock:
				return &usageError{fmt.Errorf("--lock and --unlock exclude each other")}
			case lock, unlock:
				change.Locked = &lock
			}
			if change == (admin.UserChange{}) {
				return &usageError{fmt.Errorf("no flag says what to change")}
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			if err := client.ChangeUser(cmd.Context(), args[0], change); err != nil {
				return err
			}
			cmd.Printf("user %s is changed\n", args[0])
			return nil
		}),
	}
	t.flags(cmd)
	traits.flags(cmd)
	cmd.Flags().Lookup("role").DefValue = "" // it stays what it is
	cmd.Flags().BoolVar(&lock, "lock", false, "let nobody log in as the user, and end its sessions")
	cmd.Flags().BoolVar(&unlock, "unlock", false, "let the user log in again")
	completeUserNames(cmd, &t)
	return cmd
}

func newUserRemove() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a user",
		Long: `Remove a user. Nobody logs in as the user any more, and its sessions end as soon as no
transaction is open, after 30 seconds in any case.`,
		Example: `  mysqlda user remove billing -f n1.conf`,
		Args:    exactly("NAME"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			if err := client.RemoveUser(cmd.Context(), args[0]); err != nil {
				return err
			}
			cmd.Printf("user %s is removed\n", args[0])
			return nil
		}),
	}
	t.flags(cmd)
	completeUserNames(cmd, &t)
	return cmd
}

func newUserList() *cobra.Command {
	var t target
	var out output
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the users; nothing of their passwords but how many are right",
		Example: `  mysqlda user list -f n1.conf
  mysqlda user list -o yaml --http 10.0.0.1:13309`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			return show(cmd, &t, &out, (*admin.Client).Users, printUsers)
		}),
	}
	t.flags(cmd)
	out.flags(cmd)
	return cmd
}

func printUsers(w io.Writer, users []admin.User) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "USER\tROLE\tSTATE\tPASSWORDS\tNETWORKS\tSTARTS AT\tMAX SESSIONS")
	for _, u := range users {
		limit, start := "-", "-"
		if u.MaxSessions > 0 {
			limit = fmt.Sprint(u.MaxSessions)
		}
		switch {
		case u.DefaultLibrary != "":
			start = "library " + u.DefaultLibrary
		case u.DefaultCore != "":
			start = "core object " + u.DefaultCore
		}
		printRow(t, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", u.Name, u.Role, userState(u.Locked), u.Passwords, networkWords(u.Networks), start, limit)
	}
	return t.Flush()
}

func userState(locked bool) string {
	if locked {
		return "locked"
	}
	return "open"
}

func networkWords(networks []string) string {
	if len(networks) == 0 {
		return anyNetwork
	}
	return strings.Join(networks, ",")
}
