package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/need"
)

// program is one client and how it is run, with paths below programs.
type program struct {
	name string
	// has is a command that succeeds where the client is installed.
	has []string
	// build makes the program in the directory that it is given; nil if nothing
	// has to be made.
	build func(dir string) *exec.Cmd
	// run is the command; %DIR% stands for the directory of build.
	run []string
}

// connectorJ is where Debian puts MariaDB Connector/J.
const connectorJ = "/usr/share/java/mariadb-java-client.jar"

var programs = []program{
	{name: "libmariadb", has: []string{"mariadb_config", "--version"}, build: compileC, run: []string{"%DIR%/features"}},
	{name: "go-sql-driver", build: compileGo("sqldriver"), run: []string{"%DIR%/features"}},
	{name: "go-mysql", build: compileGo("gomysql"), run: []string{"%DIR%/features"}},
	{name: "mysql2 (Node)", has: []string{"test", "-d", "node/node_modules/mysql2"}, run: []string{"node", "node/features.js", "mysql2"}},
	{name: "mariadb (Node)", has: []string{"test", "-d", "node/node_modules/mariadb"}, run: []string{"node", "node/features.js", "mariadb"}},
	{name: "PyMySQL", has: []string{"/usr/bin/python3", "-c", "import pymysql"}, run: []string{"/usr/bin/python3", "python/features.py", "pymysql"}},
	{name: "MySQLdb", has: []string{"/usr/bin/python3", "-c", "import MySQLdb"}, run: []string{"/usr/bin/python3", "python/features.py", "MySQLdb"}},
	{name: "mysqli (PHP)", has: []string{"php", "-r", "exit(extension_loaded('mysqli') ? 0 : 1);"}, run: []string{"php", "-d", "memory_limit=1G", "-d", "mysqli.allow_local_infile=1", "php/features.php", "mysqli"}},
	{name: "PDO (PHP)", has: []string{"php", "-r", "exit(extension_loaded('pdo_mysql') ? 0 : 1);"}, run: []string{"php", "-d", "memory_limit=1G", "php/features.php", "pdo"}},
	{name: "DBD::mysql", has: []string{"perl", "-e", "use DBD::mysql"}, run: []string{"perl", "perl/features.pl", "mysql"}},
	{name: "DBD::MariaDB", has: []string{"perl", "-e", "use DBD::MariaDB"}, run: []string{"perl", "perl/features.pl", "MariaDB"}},
	{name: "Connector/J", has: []string{"sh", "-c", "java -version && test -e " + connectorJ}, run: []string{"java", "-cp", connectorJ, "java/Features.java"}},
	{name: "mariadb (command line)", has: []string{"mariadb", "--version"}, run: []string{"/usr/bin/python3", "python/cli.py"}},
	{name: "mysql2 (Ruby)", has: []string{"ruby", "-e", "require 'mysql2'"}, run: []string{"ruby", "ruby/features.rb"}},
}

func compileC(dir string) *exec.Cmd {
	return exec.Command("sh", "-c", `cc -std=gnu11 -Wall -Wextra -Werror -O1 -o "$0/features" c/*.c $(mariadb_config --cflags --libs) -lpthread`, dir)
}

func compileGo(name string) func(string) *exec.Cmd {
	return func(dir string) *exec.Cmd {
		return exec.Command("go", "build", "-o", filepath.Join(dir, "features"), "./golang/"+name)
	}
}

// command makes the program ready and returns how it is started. A client that
// is not installed ends the test, see need.Missing.
func (p program) command(t *testing.T) []string {
	t.Helper()
	if len(p.has) > 0 {
		probe := exec.CommandContext(t.Context(), p.has[0], p.has[1:]...)
		probe.Dir = "programs"
		if out, err := probe.CombinedOutput(); err != nil {
			need.Missing(t, fmt.Sprintf("%s is not installed (%v: %s)", p.name, err, out))
		}
	}
	dir := t.TempDir()
	if p.build != nil {
		build := p.build(dir)
		build.Dir = "programs"
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build the program of %s: %v\n%s", p.name, err, out)
		}
	}
	var command []string
	for _, word := range p.run {
		command = append(command, strings.ReplaceAll(word, "%DIR%", dir))
	}
	return command
}

// environment is what a program is told, see README.md.
func environment(values map[string]string) []string {
	all := append(os.Environ(), "TZ=UTC", "LANG=C.UTF-8")
	for name, value := range values {
		all = append(all, name+"="+value)
	}
	return all
}
