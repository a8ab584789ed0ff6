package hosts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// ErrUnavailable says that this machine or account cannot make hosts.
var ErrUnavailable = errors.New("hosts of their own on one machine need Linux, root, and the programs ip, nft and nsenter")

// Available returns nil where New can work, and ErrUnavailable with a reason elsewhere.
func Available() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: this is not root", ErrUnavailable)
	}
	for _, program := range []string{"ip", "nft", "nsenter"} {
		if _, err := find(program); err != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	return nil
}

// find also looks where PATH often does not reach.
func find(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return exec.LookPath("/usr/sbin/" + program)
	}
	return path, nil
}

// ip has the program ip execute commands in a namespace, "" for this process's own.
func ip(ctx context.Context, namespace string, commands ...string) error {
	args := []string{"-batch", "-"}
	if namespace != "" {
		args = append([]string{"-netns", namespace}, args...)
	}
	return pipe(ctx, strings.Join(commands, "\n")+"\n", "ip", args...)
}

// within runs a program in a namespace.
func within(ctx context.Context, namespace, input, program string, args ...string) error {
	path, err := find(program)
	if err != nil {
		return err
	}
	h := Host{namespace: namespace}
	command := append(h.Prefix(), path)
	return pipe(ctx, input, command[0], append(command[1:], args...)...)
}

// pipe runs a program with that input; an error has what it said and what it was given.
func pipe(ctx context.Context, input, program string, args ...string) error {
	path, err := find(program)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s\n%s", program, strings.Join(args, " "), err, strings.TrimSpace(string(out)), input)
	}
	return nil
}
