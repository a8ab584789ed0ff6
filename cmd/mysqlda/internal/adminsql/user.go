package adminsql

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

// Words of statements on users.
const (
	passwordWord       = "PASSWORD"
	dropOldWord        = "DROP_OLD"
	discardOldWord     = "DISCARD_OLD"
	roleWord           = "ROLE"
	networksWord       = "NETWORKS"
	defaultLibraryWord = "DEFAULT_LIBRARY"
	defaultCoreWord    = "DEFAULT_CORE"
	maxSessionsWord    = "MAX_SESSIONS"
	lockWord           = "LOCK"
	unlockWord         = "UNLOCK"

	// anyNetwork stands for all addresses.
	anyNetwork = "any"
)

func ofUsers() []statement {
	traits := []option{
		{word: roleWord, value: strings.Join(fsm.Roles(), "|")},
		{word: networksWord, value: "'NETWORK[,NETWORK...]'|any"},
		{word: defaultLibraryWord, value: "'LIBRARY'"},
		{word: defaultCoreWord, value: "'CORE_OBJECT'"},
		{word: maxSessionsWord, value: "NUMBER"},
	}
	password := option{word: passwordWord, value: "'PASSWORD'", required: true}
	return []statement{
		{
			verb: [2]string{"USER", "ADD"}, arguments: []string{nameValue}, options: append([]option{password}, traits...),
			what: "add a user that clients log in as",
			run: func(ctx context.Context, c *Console, g given) error {
				change, err := traitsOf(g)
				if err != nil {
					return badValue{err}
				}
				change.Password = passwordOf(g)
				return c.node.AddUser(ctx, g.arguments[0], change)
			},
		},
		{
			verb: [2]string{"USER", "SET"}, arguments: []string{nameValue},
			options: append(traits[:len(traits):len(traits)], option{word: lockWord}, option{word: unlockWord}),
			what:    "change what a user may do; what is not named stays as it is",
			run:     setUser,
		},
		{
			verb: [2]string{"USER", "PASSWD"}, arguments: []string{nameValue},
			options: []option{{word: passwordWord, value: "'PASSWORD'"}, {word: dropOldWord}, {word: discardOldWord}},
			what:    "give a user another password; the one before stays right until DROP_OLD, or DISCARD_OLD alone",
			run:     passwd,
		},
		{
			verb: [2]string{"USER", "REMOVE"}, arguments: []string{nameValue},
			what: "remove a user, and end its sessions",
			run: func(ctx context.Context, c *Console, g given) error {
				return c.node.RemoveUser(ctx, g.arguments[0])
			},
		},
	}
}

func passwordOf(g given) *admin.Password {
	text := g.optional(passwordWord)
	if text == nil {
		return nil
	}
	password := admin.Password(*text)
	return &password
}

func setUser(ctx context.Context, c *Console, g given) error {
	change, err := traitsOf(g)
	if err != nil {
		return badValue{err}
	}
	lock, unlock := g.has(lockWord), g.has(unlockWord)
	switch {
	case len(g.options) == 0:
		return badValue{errors.New("nothing says what to change")}
	case lock && unlock:
		return badValue{fmt.Errorf("%s and %s exclude each other", lockWord, unlockWord)}
	case lock || unlock:
		change.Locked = &lock
	}
	return c.node.ChangeUser(ctx, g.arguments[0], change)
}

func passwd(ctx context.Context, c *Console, g given) error {
	password, drop, discard := passwordOf(g), g.has(dropOldWord), g.has(discardOldWord)
	switch {
	case discard && (drop || password != nil):
		return badValue{fmt.Errorf("%s stands alone: it brings no new password", discardOldWord)}
	case !discard && password == nil:
		return badValue{fmt.Errorf("%s is missing", passwordWord)}
	}
	return c.node.ChangeUser(ctx, g.arguments[0], admin.UserChange{Password: password, DropOld: drop || discard})
}

// traitsOf is what a statement says of what a user may do.
func traitsOf(g given) (admin.UserChange, error) {
	change := admin.UserChange{DefaultLibrary: g.optional(defaultLibraryWord), DefaultCore: g.optional(defaultCoreWord)}
	if g.options[defaultLibraryWord] != "" && g.options[defaultCoreWord] != "" {
		return change, fmt.Errorf("%s and %s exclude each other", defaultLibraryWord, defaultCoreWord)
	}
	if role := g.optional(roleWord); role != nil {
		change.Role = new(strings.ToLower(*role))
	}
	if text := g.optional(networksWord); text != nil {
		networks := []string{}
		if *text != "" && !strings.EqualFold(*text, anyNetwork) {
			for word := range strings.SplitSeq(*text, ",") {
				networks = append(networks, strings.TrimSpace(word))
			}
		}
		change.Networks = &networks
	}
	if text := g.optional(maxSessionsWord); text != nil {
		n, err := strconv.ParseUint(*text, 10, 32)
		if err != nil {
			return change, fmt.Errorf("%s is a whole number, and 0 for no bound, not %q", maxSessionsWord, *text)
		}
		change.MaxSessions = new(uint32(n))
	}
	return change, nil
}
