package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

// userTraits are the flags that say what a user may do. Those that are not given say
// nothing.
type userTraits struct {
	role            string
	networks        []string
	library, core   string
	sessionsPerNode uint32
}

// anyNetwork is what --network says for all addresses.
const anyNetwork = "any"

func (u *userTraits) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&u.role, "role", fsm.RoleClient.String(), "`role`: client sees and ends its own sessions, admin everybody's")
	flags.StringSliceVar(&u.networks, "network", nil, "where the user may come from, as 10.1.0.0/16 or an IP `address`; repeat, or separate by commas; "+anyNetwork+" for anywhere")
	flags.StringVar(&u.library, "default-library", "", "`library` where sessions of the user start")
	flags.StringVar(&u.core, "default-core", "", "`core` object in whose library sessions of the user start")
	flags.Uint32Var(&u.sessionsPerNode, "max-sessions", 0, "`bound` of the user's sessions at each node; 0 for no bound of its own")
	completeFlag(cmd, "role", fsm.Roles()...)
}

// change is what the given flags say.
func (u *userTraits) change(cmd *cobra.Command) (admin.UserChange, error) {
	var change admin.UserChange
	given := cmd.Flags().Changed
	if given("role") {
		if _, ok := fsm.ParseRole(u.role); !ok {
			return change, &usageError{fmt.Errorf("--role must be one of %s, not %q", strings.Join(fsm.Roles(), ", "), u.role)}
		}
		change.Role = &u.role
	}
	if given("network") {
		networks := u.networks
		if slices.Contains(networks, anyNetwork) {
			if len(networks) > 1 {
				return change, &usageError{fmt.Errorf("--network %s stands alone", anyNetwork)}
			}
			networks = []string{}
		}
		change.Networks = &networks
	}
	if u.library != "" && u.core != "" {
		return change, &usageError{fmt.Errorf("--default-library and --default-core exclude each other")}
	}
	if given("default-library") {
		change.DefaultLibrary = &u.library
	}
	if given("default-core") {
		change.DefaultCore = &u.core
	}
	if given("max-sessions") {
		change.MaxSessions = &u.sessionsPerNode
	}
	return change, nil
}

// completeUserNames completes the name of a user by asking the node that the command
// would ask.
func completeUserNames(cmd *cobra.Command, t *target) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, before []string, _ string) ([]string, cobra.ShellCompDirective) {
		client, err := t.client()
		if err != nil || len(before) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		users, err := client.Users(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, u := range users {
			names = append(names, u.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
