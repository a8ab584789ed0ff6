package mysqld

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"os/user"
	"strings"
)

// ErrNotInstalled says that this machine has no MariaDB or MySQL server.
var ErrNotInstalled = errors.New("neither mariadbd nor mysqld is installed")

// flavour is one installed server program.
type flavour struct {
	program string // absolute path
	version string // what --version says, one line
	mariaDB bool
	// installer is mariadb-install-db; MySQL initialises with the server itself.
	installer string
}

// serverDirs are tried after PATH: distributions put servers where ordinary
// users' PATH does not reach.
var serverDirs = []string{"/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/mysql/bin", "/opt/homebrew/bin"}

// Available tells whether this machine has a server that Start can start.
func Available() bool {
	_, err := find(context.Background())
	return err == nil
}

func find(ctx context.Context) (flavour, error) {
	for _, name := range []string{"mariadbd", "mysqld"} {
		program, ok := lookUp(name)
		if !ok {
			continue
		}
		out, err := exec.CommandContext(ctx, program, "--no-defaults", "--version").Output()
		if err != nil {
			return flavour{}, fmt.Errorf("ask %s for its version: %w", program, err)
		}
		f := flavour{program: program, version: strings.TrimSpace(string(out))}
		f.mariaDB = strings.Contains(f.version, "MariaDB")
		if !f.mariaDB {
			return f, nil
		}
		for _, name := range []string{"mariadb-install-db", "mysql_install_db"} {
			if f.installer, ok = lookUp(name); ok {
				return f, nil
			}
		}
		return flavour{}, fmt.Errorf("%s is installed, but mariadb-install-db is missing", program)
	}
	return flavour{}, ErrNotInstalled
}

func lookUp(name string) (string, bool) {
	if path, err := exec.LookPath(name); err == nil {
		return path, true
	}
	for _, dir := range serverDirs {
		if path, err := exec.LookPath(dir + "/" + name); err == nil {
			return path, true
		}
	}
	return "", false
}

// install returns the command that fills dir with a fresh data directory.
func (f flavour) install(ctx context.Context, dir, account string) *exec.Cmd {
	if f.mariaDB {
		return exec.CommandContext(ctx, f.installer, "--no-defaults", "--user="+account, "--datadir="+dir,
			"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
			"--innodb-log-file-size="+redoLogSize)
	}
	return exec.CommandContext(ctx, f.program, "--no-defaults", "--user="+account, "--datadir="+dir, "--initialize-insecure")
}

// identified is the clause of CREATE USER that asks for mysql_native_password.
func (f flavour) identified(password string) string {
	if f.mariaDB {
		return fmt.Sprintf("IDENTIFIED VIA mysql_native_password USING PASSWORD('%s')", password)
	}
	return fmt.Sprintf("IDENTIFIED WITH mysql_native_password BY '%s'", password)
}

// redoLogSize is small, because every server gets a copy, and large enough for
// rows of several packets.
const redoLogSize = "48M"

// arguments are those that every server gets. The prefix "loose" makes a
// flavour that does not know an option go on without it.
func (f flavour) arguments(account string) []string {
	args := []string{
		"--no-defaults",
		"--user=" + account,
		"--socket=mysqld.sock", // relative to the data directory: socket paths are short
		"--pid-file=mysqld.pid",
		"--skip-name-resolve",
		"--performance-schema=OFF",
		"--max-connections=2000",
		"--max-allowed-packet=128M",
		"--key-buffer-size=1M",
		"--table-open-cache=400",
		"--innodb-buffer-pool-size=32M",
		"--innodb-flush-log-at-trx-commit=2", // to the kernel at each commit, never to disk
		"--loose-innodb-log-file-buffering=ON",
		"--innodb-use-native-aio=OFF",
		"--innodb-temp-data-file-path=ibtmp1:4M:autoextend",
		"--loose-aria-pagecache-buffer-size=1M",
		"--loose-sync-frm=OFF",
		"--loose-mysqlx=OFF",
		"--loose-mysql-native-password=ON",
	}
	if f.mariaDB {
		args = append(args, "--innodb-log-file-size="+redoLogSize)
	}
	return append(args, "--innodb-flush-method=nosync")
}

// accountOfProcess is the system account to run as: the one that runs already.
func accountOfProcess() (string, error) {
	u, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("find out which account runs this: %w", err)
	}
	return u.Username, nil
}
