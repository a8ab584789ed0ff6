package doctor

import "github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"

const configFile = "config file"

// configChecks tells what the file's own check warns of.
func configChecks(cfg *config.Config) []Finding {
	warnings := cfg.Warnings
	if cfg.Exposed {
		warnings = warnings[:len(warnings)-1] // the last one, of the file's mode, is modeChecks' to tell
	}
	var found []Finding
	for _, text := range warnings {
		found = append(found, warning(configFile, text, "change or remove the key"))
	}
	if !cfg.Cluster.Present && len(cfg.Forwards) == 0 && cfg.Auth.User == "" {
		found = append(found, warning(configFile, cfg.Path+" has neither cluster nor auth and forwards: a new node can start from it in no way",
			"set auth and forwards for a first node, cluster for one that joins others"))
	}
	return orElse(found, ok(configFile, "%s can be used", cfg.Path))
}
