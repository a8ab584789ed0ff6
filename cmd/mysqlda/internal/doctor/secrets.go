package doctor

import (
	"fmt"
	"os"
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretkey"
	"github.com/mysqlda/mysqlda/fsm/seal"
)

// secretChecks looks at the keys that the file names, and at how the running node finds the
// cluster's passwords with its own.
func secretChecks(v *view) []Finding {
	const check = "secrets"
	var found []Finding
	if f := secretMode("key file mode", v.cfg.Secrets.KeyFile, v.cfg.Secrets.KeyFile+" opens the cluster's passwords", "chmod 600 "+v.cfg.Secrets.KeyFile); v.cfg.Secrets.KeyFile != "" && f != nil {
		found = append(found, *f)
	}
	keys, err := secretkey.Open(v.cfg.Secrets.KeyFile, environment(v.cfg))
	if err != nil {
		return append(found, problem(check, err.Error(), "a node does not start so; put the cluster's key there, `mysqlda secret generate` makes the first one"))
	}
	switch s := v.secrets; {
	case s == nil && keys.Ring().Current() == "":
		found = append(found, warning(check, "there is no key: passwords of servers stand in the clear in data_dir and in backups", "`mysqlda secret generate --file` makes a key, secrets.key_file names it; see `mysqlda secret --help`"))
	case s == nil:
		found = append(found, ok(check, "key %s", strings.Join(keys.Ring().IDs(), ", ")))
	case len(s.Locked) > 0:
		found = append(found, problem(check, "this node cannot log in to servers: "+strings.Join(s.Locked, "; "), "give the node the key that the others have: the file of secrets.key_file, or "+seal.Variable))
	case s.Key == "":
		found = append(found, warning(check, fmt.Sprintf("%d passwords of servers stand in the clear in data_dir and in backups", s.Clear), "give all nodes a key (`mysqlda secret generate --file`), then `mysqlda secret rotate`"))
	case s.Clear+s.Older > 0:
		found = append(found, warning(check, fmt.Sprintf("%d passwords of servers stand in the clear, %d are sealed with an older key", s.Clear, s.Older), "`mysqlda secret rotate`, when all nodes have the key"))
	default:
		found = append(found, ok(check, "%d passwords are sealed with key %s", s.Sealed, s.Key))
	}
	return found
}

// environment is that of this process, where the file does not name a key: the node may
// have got its own from somewhere else.
func environment(cfg *config.Config) func(string) string {
	if cfg.Secrets.KeyFile != "" {
		return func(string) string { return "" }
	}
	return os.Getenv
}
