package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

// ownKeyFile is where a node keeps the certificate that it made, in its data
// directory, with the private key.
const ownKeyFile = "tls/server.pem"

// Bits of a mode.
const (
	groupReads   fs.FileMode = 0o040
	othersRead   fs.FileMode = 0o004
	othersWrite  fs.FileMode = 0o022 // the group counts as others: the file decides what the node does
	forOwnerOnly fs.FileMode = 0o077
)

// modeChecks looks at who may read the files with secrets.
func modeChecks(cfg *config.Config) []Finding {
	found := []Finding{configMode(cfg)}
	if f := dataDirMode(cfg.Node.DataDir); f != nil {
		found = append(found, *f)
	}
	keys := []string{cfg.TLS.Key, cfg.Backend.TLSKey, cfg.Cluster.TLS.Key, cfg.HTTP.Access.Key}
	if cfg.TLS.Cert == "" {
		keys = append(keys, filepath.Join(cfg.Node.DataDir, ownKeyFile))
	}
	for _, key := range keys {
		if f := keyMode(key); key != "" && f != nil {
			found = append(found, *f)
		}
	}
	for _, file := range []struct{ key, path string }{
		{"http.token_file", cfg.HTTP.Access.TokenFile},
		{"cluster.gossip_key_file", cfg.Cluster.GossipKeyFile},
		{"cluster.join_key_file", cfg.Cluster.JoinKeyFile},
		{"tracing.headers_file", cfg.Tracing.HeadersFile},
	} {
		if f := secretMode(file.key+" mode", file.path, file.path+" holds secrets", "chmod 600 "+file.path); file.path != "" && f != nil {
			found = append(found, *f)
		}
	}
	return found
}

func configMode(cfg *config.Config) Finding {
	const check = "config file mode"
	info, err := os.Stat(cfg.Path)
	if err != nil {
		return problem(check, err.Error(), "run this as the user that the node runs as")
	}
	mode := info.Mode().Perm()
	advice := fmt.Sprintf("chmod 600 %s", cfg.Path)
	switch {
	case mode&othersWrite != 0:
		return problem(check, fmt.Sprintf("%04o: others than its owner may change what the node does", mode), advice)
	case cfg.Exposed:
		return problem(check, fmt.Sprintf("%04o: it holds a password and every user of this machine may read it", mode), advice)
	case cfg.HoldsSecrets() && mode&groupReads != 0:
		return warning(check, fmt.Sprintf("%04o: it holds a password and its group may read it", mode), advice+", unless the group is there for that")
	}
	return ok(check, "%04o", mode)
}

// dataDirMode looks at a directory whose files hold the passwords of the cluster;
// nil while there is none.
func dataDirMode(dir string) *Finding {
	return secretMode("data_dir mode", dir, "it holds the cluster's passwords", "chmod 700 "+dir)
}

func keyMode(file string) *Finding {
	return secretMode("private key mode", file, file+" is a private key", "chmod 600 "+file)
}

// secretMode is nil for what does not exist: whether it has to is another question.
func secretMode(check, path, what, advice string) *Finding {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var f Finding
	switch {
	case err != nil:
		f = problem(check, err.Error(), "run this as the user that the node runs as")
	case info.Mode().Perm()&forOwnerOnly&^0o070 != 0:
		f = problem(check, fmt.Sprintf("%04o: %s and every user of this machine may get at it", info.Mode().Perm(), what), advice)
	case info.Mode().Perm()&forOwnerOnly != 0:
		f = warning(check, fmt.Sprintf("%04o: %s and its group may get at it", info.Mode().Perm(), what), advice+", unless the group is there for that")
	default:
		f = ok(check, "%04o %s", info.Mode().Perm(), path)
	}
	return &f
}
