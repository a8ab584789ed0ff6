package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/password"
)

// newPassword says where a new password comes from.
type newPassword struct {
	file     string
	generate bool
	made     string // what was generated
}

func (p *newPassword) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.file, "password-file", "", "`file` whose first line is the password, - for standard input")
	cmd.Flags().BoolVar(&p.generate, "generate", false, "make up a password and print it")
}

// get returns the password for that account.
func (p *newPassword) get(cmd *cobra.Command, of string) (admin.Password, error) {
	var word string
	var err error
	switch {
	case p.file != "" && p.generate:
		return "", &usageError{errors.New("--password-file and --generate exclude each other")}
	case p.generate:
		p.made = password.Generate()
		word = p.made
	case p.file != "":
		word, err = password.FromFile(p.file, cmd.InOrStdin())
	default:
		word, err = password.Ask("password of "+of, cmd.InOrStdin(), cmd.ErrOrStderr())
	}
	return admin.Password(word), err
}

// tell prints the password if it was made up.
func (p *newPassword) tell(cmd *cobra.Command) error {
	if p.made == "" {
		return nil
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), "password: "+p.made)
	return err
}

func newUserPasswd() *cobra.Command {
	var t target
	var secret newPassword
	var dropOld, discardOld bool
	cmd := &cobra.Command{
		Use:   "passwd NAME",
		Short: "Give a user another password",
		Long: `Give a user another password. The one before stays right, too, so that its clients can
change over one after the other; --discard-old ends that. With --drop-old it ends at
once. Two passwords are right at most: a third one takes the place of the oldest.

The password comes from --password-file, is made up and printed with --generate, or is
asked for. Sessions that are there stay.`,
		Example: `  mysqlda user passwd app --generate -f n1.conf
  mysqlda user passwd app --discard-old -f n1.conf
  mysqlda user passwd app --password-file app.pass --drop-old -f n1.conf`,
		Args: exactly("NAME"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			change := admin.UserChange{DropOld: dropOld || discardOld}
			if discardOld && (dropOld || secret.generate || secret.file != "") {
				return &usageError{errors.New("--discard-old is given alone: it brings no new password")}
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			if !discardOld {
				word, err := secret.get(cmd, args[0])
				if err != nil {
					return err
				}
				change.Password = &word
			}
			if err := client.ChangeUser(cmd.Context(), args[0], change); err != nil {
				return err
			}
			switch {
			case discardOld:
				cmd.Printf("only the newest password of user %s is right now\n", args[0])
			case dropOld:
				cmd.Printf("user %s has another password; the old one is not right any more\n", args[0])
			default:
				cmd.Printf("user %s has another password; the one before is right, too, until `mysqlda user passwd %[1]s --discard-old`\n", args[0])
			}
			return secret.tell(cmd)
		}),
	}
	t.flags(cmd)
	secret.flags(cmd)
	cmd.Flags().BoolVar(&dropOld, "drop-old", false, "the old password is not right any more, from now on")
	cmd.Flags().BoolVar(&discardOld, "discard-old", false, "let only the newest password be right, without bringing another one")
	completeUserNames(cmd, &t)
	return cmd
}
