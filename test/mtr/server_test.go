package mtr

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// share is where Debian's packages put the suite and the server's SQL files.
const (
	share    = "/usr/share/mysql"
	suiteDir = share + "/mysql-test"
)

// serverTemp is where, in the suite's directory, the server has its own temporary
// files, beside those of tests.
const serverTemp = "tmp/mysqld.1"

// serverArgs are the options of the suite's own server, without those that
// need its directory layout.
func serverArgs(vardir string) ([]string, error) {
	file, err := os.Open(filepath.Join(suiteDir, "include/default_mysqld.cnf"))
	if err != nil {
		return nil, fmt.Errorf("open the options of the suite's server: %w", err)
	}
	defer file.Close()
	var args []string
	section := ""
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		switch {
		case strings.HasPrefix(line, "["):
			section = line
		case section != "[mysqld]", line == "", strings.HasPrefix(line, "#"), strings.Contains(line, "disable-getopt"):
		default:
			name, value, set := strings.Cut(line, "=")
			value = strings.NewReplacer("@ENV.MYSQLTEST_VARDIR", vardir, "@ENV.MYSQL_TEST_DIR", suiteDir).Replace(strings.TrimSpace(value))
			arg := "--" + strings.TrimSpace(name)
			if set {
				arg += "=" + value
			}
			args = append(args, arg)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("read the options of the suite's server: %w", err)
	}
	return append(args,
		"--skip-name-resolve=OFF", // accounts and definers are called root@localhost
		"--performance-schema=ON",
		"--max-connections=151",
		"--max-allowed-packet=16M",
		"--table-open-cache=2000",
		"--tmpdir="+filepath.Join(vardir, serverTemp),
		"--lc-messages-dir="+share,
		"--innodb-buffer-pool-size=8M",
	), nil
}
