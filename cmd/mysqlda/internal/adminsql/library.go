package adminsql

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/fsm"
)

// Words of statements on libraries.
const (
	serversWord  = "SERVERS"
	weightWord   = "WEIGHT"
	tlsWord      = "TLS"
	failoverWord = "FAILOVER"
	failbackWord = "FAILBACK"
	forceWord    = "FORCE"
	drainWord    = "DRAIN"
	userWord     = "USER"
	clusterWord  = "CLUSTER"
)

// How values of them are shown.
const (
	nameValue    = "'NAME'"
	serverValue  = "'HOST:PORT'"
	serversValue = "'HOST:PORT[,HOST:PORT...]'"
)

func ofLibraries() []statement {
	modes, policies := strings.Join(fsm.TLSModes(), "|"), strings.Join(fsm.FailoverPolicies(), "|")
	failback := option{word: failbackWord}
	return []statement{
		{
			verb: [2]string{"LIBRARY", "ADD"}, arguments: []string{nameValue},
			options: []option{
				{word: serversWord, value: serversValue, required: true},
				{word: weightWord, value: "NUMBER"},
				{word: tlsWord, value: modes},
				{word: failoverWord, value: policies},
				failback,
			},
			what: "add a library; new core objects land there, too",
			run:  changeLibrary(addLibrary),
		},
		ofLibrary("OPEN", "let a library get new core objects again", admin.OpenLibrary),
		ofLibrary("CLOSE", "let a library get no new core objects; those that live there stay", admin.CloseLibrary),
		ofLibrary("DRAIN", "the same, and show that it is to be emptied", admin.DrainLibrary),
		ofLibrary("REMOVE", "remove a library where no core object lives, for good", admin.RemoveLibrary),
		ofLibrary("PIN", "keep its active server from being changed by itself", admin.PinLibrary),
		ofLibrary("UNPIN", "let its active server be changed by itself again", admin.UnpinLibrary),
		{
			verb: [2]string{"LIBRARY", "WEIGHT"}, arguments: []string{nameValue, "NUMBER"},
			what: "change a library's share of new core objects",
			run: changeLibrary(func(g given) (admin.LibraryChange, error) {
				weight, err := readWeight(g.arguments[1])
				return admin.LibraryChange{Op: admin.SetWeight, Weight: weight}, err
			}),
		},
		{
			verb: [2]string{"LIBRARY", "SERVERS"}, arguments: []string{nameValue, serversValue},
			what: "replace the list of a library's servers, in the order of choice; the active one must be among them",
			run: changeLibrary(func(g given) (admin.LibraryChange, error) {
				servers, err := readServers(g.arguments[1])
				return admin.LibraryChange{Op: admin.SetServers, Servers: servers}, err
			}),
		},
		{
			verb: [2]string{"LIBRARY", "TLS"}, arguments: []string{nameValue, modes},
			what: "say how connections to a library's servers are protected",
			run: changeLibrary(func(g given) (admin.LibraryChange, error) {
				return admin.LibraryChange{Op: admin.SetTLS, TLS: strings.ToLower(g.arguments[1])}, nil
			}),
		},
		{
			verb: [2]string{"LIBRARY", "FAILOVER"}, arguments: []string{nameValue, policies}, options: []option{failback},
			what: "say what is done when a library's active server fails",
			run: changeLibrary(func(g given) (admin.LibraryChange, error) {
				return admin.LibraryChange{Op: admin.SetFailover, Failover: strings.ToLower(g.arguments[1]), Failback: g.has(failbackWord)}, nil
			}),
		},
		{
			verb: [2]string{"LIBRARY", "MAINTENANCE"}, arguments: []string{nameValue, serverValue, "ON|OFF"},
			what: "keep a server from becoming the active one, or no more",
			run:  changeLibrary(maintenance),
		},
		{
			verb: [2]string{"LIBRARY", "ACCOUNT"}, arguments: []string{nameValue},
			options: []option{{word: userWord, value: "'USER'"}, {word: passwordWord, value: "'PASSWORD'"}, {word: clusterWord}},
			what:    "say what nodes log in to its servers with: an account of its own, or CLUSTER alone for that of the cluster",
			run:     changeLibrary(account),
		},
		{
			verb: [2]string{"LIBRARY", "ACTIVATE"}, arguments: []string{nameValue, serverValue},
			options: []option{{word: forceWord}, {word: drainWord, value: "SECONDS"}},
			what:    "make another server the active one, on all nodes, and wait until it is",
			run:     activate,
			slow: func(g given) time.Duration {
				request, err := activateRequest(g)
				if err != nil {
					return admin.ChangeTimeout
				}
				return request.Timeout()
			},
		},
	}
}

// ofLibrary is a statement that names a library only.
func ofLibrary(verb, what string, op admin.Operation) statement {
	return statement{
		verb: [2]string{"LIBRARY", verb}, arguments: []string{nameValue}, what: what,
		run: changeLibrary(func(given) (admin.LibraryChange, error) { return admin.LibraryChange{Op: op}, nil }),
	}
}

// changeLibrary carries out a statement that is one change of the library that it names.
func changeLibrary(read func(given) (admin.LibraryChange, error)) func(context.Context, *Console, given) error {
	return func(ctx context.Context, c *Console, g given) error {
		change, err := read(g)
		if err != nil {
			return badValue{err}
		}
		change.Library = g.arguments[0]
		return c.node.ChangeLibraries(ctx, admin.LibraryChanges{Changes: []admin.LibraryChange{change}})
	}
}

func addLibrary(g given) (admin.LibraryChange, error) {
	change := admin.LibraryChange{
		Op: admin.AddLibrary, Weight: fsm.DefaultWeight, TLS: strings.ToLower(g.options[tlsWord]),
		Failover: strings.ToLower(g.options[failoverWord]), Failback: g.has(failbackWord),
	}
	var err error
	if change.Servers, err = readServers(g.options[serversWord]); err != nil {
		return change, err
	}
	if text := g.optional(weightWord); text != nil {
		change.Weight, err = readWeight(*text)
	}
	return change, err
}

func maintenance(g given) (admin.LibraryChange, error) {
	change := admin.LibraryChange{Op: admin.SetMaintenance}
	var err error
	if change.Server, err = config.CheckAddress(g.arguments[1]); err != nil {
		return change, err
	}
	switch strings.ToUpper(g.arguments[2]) {
	case "ON":
		change.Maintenance = true
	case "OFF":
	default:
		return change, fmt.Errorf("maintenance is ON or OFF, not %q", g.arguments[2])
	}
	return change, nil
}

func account(g given) (admin.LibraryChange, error) {
	change := admin.LibraryChange{Op: admin.SetAccount, Account: new(admin.Account)}
	user, password := g.options[userWord], passwordOf(g)
	switch {
	case g.has(clusterWord) && (g.has(userWord) || password != nil):
		return change, fmt.Errorf("%s stands alone", clusterWord)
	case g.has(clusterWord):
		return change, nil
	case user == "":
		return change, fmt.Errorf("%s is missing", userWord)
	case password == nil:
		return change, fmt.Errorf("%s is missing", passwordWord)
	}
	change.Account.User, change.Account.Password = user, *password
	return change, nil
}

func activate(ctx context.Context, c *Console, g given) error {
	request, err := activateRequest(g)
	if err != nil {
		return badValue{err}
	}
	return c.node.Activate(ctx, g.arguments[0], request.Server, request.Force, request.Time())
}

func activateRequest(g given) (admin.ActivateRequest, error) {
	request := admin.ActivateRequest{Force: g.has(forceWord)}
	var err error
	if request.Server, err = config.CheckAddress(g.arguments[1]); err != nil {
		return request, err
	}
	if text := g.optional(drainWord); text != nil {
		n, err := strconv.ParseUint(*text, 10, 32)
		if most := uint64(admin.MaxDrain / time.Second); err != nil || n < 1 || n > most {
			return request, fmt.Errorf("%s is a whole number of seconds from 1 to %d, not %q", drainWord, most, *text)
		}
		request.Drain = float64(n)
	}
	return request, nil
}

func readWeight(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n > fsm.MaxWeight {
		return 0, fmt.Errorf("a weight is a whole number from 0 to %d, not %q", fsm.MaxWeight, text)
	}
	return uint32(n), nil
}

func readServers(text string) ([]string, error) {
	servers := strings.Split(text, ",")
	for i, s := range servers {
		address, err := config.CheckAddress(strings.TrimSpace(s))
		if err != nil {
			return nil, err
		}
		servers[i] = address
	}
	return servers, nil
}
