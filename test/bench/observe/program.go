package observe

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Program finds a program that is not built here. It also looks where ordinary
// users' PATH often does not reach.
func Program(name string) (path string, err error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed; as root, `scripts/deps.sh bench` installs it", name)
}

// ServerVersion is what the MySQL server of this machine says of itself.
func ServerVersion(ctx context.Context) (string, error) {
	server, err := Program("mariadbd")
	if err != nil {
		if server, err = Program("mysqld"); err != nil {
			return "", err
		}
	}
	line, err := FirstLine(ctx, server, "--no-defaults", "--version")
	return strings.TrimSpace(strings.TrimPrefix(line, server)), err
}

// FirstLine runs a program and returns the first line that it prints.
func FirstLine(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line, nil
}
