package main

import (
	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func newLibraryRemove() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Forget a library in which no core object lives",
		Long: `Forget a library, its servers and what was noted of them, on all nodes. Its servers are
left as they are.

It is refused while core objects live there: they have no other home. ` + "`library close`" + `
keeps new ones away. It is refused, too, for the default library of sessions
(auth.default_library) and while the active server is being changed.`,
		Example: `  mysqlda library remove library_3 -f n1.conf`,
		Args:    exactly("NAME"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			return changeLibrary(cmd, &t, admin.LibraryChange{Op: admin.RemoveLibrary, Library: args[0]}, "is removed")
		}),
	}
	t.changeFlags(cmd)
	completeArgs(cmd, &t, libraryNames)
	return cmd
}
