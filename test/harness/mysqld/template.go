package mysqld

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// template returns a freshly initialised data directory that may be copied but
// not used. It is made once for each program version and account, in the system's
// temporary directory. Processes that make it at the same time each make one;
// the first to finish wins.
func template(ctx context.Context, f flavour, account string) (string, error) {
	build := f.install(ctx, "", account)
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", f.version, build.Args))
	final := filepath.Join(os.TempDir(), fmt.Sprintf("mysqlda-datadir-%x", sum[:8]))
	if _, err := os.Stat(final); err == nil {
		return final, nil
	}

	draft, err := os.MkdirTemp("", "mysqlda-datadir-draft-")
	if err != nil {
		return "", fmt.Errorf("make a data directory: %w", err)
	}
	if out, err := f.install(ctx, draft, account).CombinedOutput(); err != nil {
		return "", errors.Join(fmt.Errorf("initialise a data directory: %w\n%s", err, tail(out)), os.RemoveAll(draft))
	}
	if err := os.Rename(draft, final); err != nil {
		// Somebody else was first: a directory with content is never replaced.
		if _, statErr := os.Stat(final); statErr != nil {
			return "", errors.Join(fmt.Errorf("keep the data directory: %w", err), os.RemoveAll(draft))
		}
		return final, os.RemoveAll(draft)
	}
	return final, nil
}

// copyTemplate fills dir, which must be missing or empty.
func copyTemplate(dir, template string) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look into the data directory: %w", err)
	}
	if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
		return fmt.Errorf("copy the data directory: %w", err)
	}
	return nil
}
