package integration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/port"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// The original program's file has none of the new sections. The other ports
// follow the one that it names.
func TestConfigFileOfTheOriginalStartsAndServes(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	o.serveUntilStopped(t, "start", "-f", o.conf)
}

// original is an installation as the original program's users have it.
type original struct {
	home     string // with etc/mysqlda.conf
	conf     string
	port     int // of MySQL clients
	database string
	targets  []*mysqld.Server // of libraries, in their order
	program  string
}

func newOriginal(t *testing.T) original {
	t.Helper()
	database := databaseOf(t)
	targets := libraryServers(t, database)
	first, err := port.ReserveRun(4)
	if err != nil {
		t.Fatal(err)
	}
	program, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	o := original{
		home: home, conf: filepath.Join(home, "etc", "mysqlda.conf"), port: first,
		database: database, targets: targets, program: program,
	}
	if err := os.Mkdir(filepath.Dir(o.conf), 0o700); err != nil {
		t.Fatal(err)
	}
	instance := func(name string, s *mysqld.Server) string {
		return `
        {
                "instance" : "` + name + `" ,
                "forward" :
                [
                {
                        "ip" : "127.0.0.1" ,
                        "port" : ` + strconv.Itoa(s.Port()) + `
                }
                ]
        }`
	}
	write(t, o.conf, `{
        "server" :
        {
                "listen_ip" : "127.0.0.1" ,
                "listen_port" : `+strconv.Itoa(first)+`
        } ,
        "auth" :
        {
                "user" : "`+user+`" ,
                "pass" : "`+password+`" ,
                "db" : "`+database+`"
        } ,
        "session_pool" :
        {
                "unused_forward_session_timeout" : 60
        } ,
        "forwards" :
        [`+instance(libraries[0], targets[0])+` ,`+instance(libraries[1], targets[1])+`
        ]
}
`)
	return o
}

// environment is that of all of the installation's processes.
func (o original) environment() []string {
	return append(os.Environ(), "HOME="+o.home, "MYSQLDA_LOGDIR=", "MYSQLDA_CONF=", "MYSQLDA="+o.program, "GORACE=atexit_sleep_ms=0")
}

// run runs a program of the installation to its end.
func (o original) run(t *testing.T, program string, args ...string) (code int, output string) {
	t.Helper()
	cmd := osexec.CommandContext(within(t), program, args...)
	cmd.Env = o.environment()
	out, err := cmd.CombinedOutput()
	if exit := new(osexec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// client is how a client of the installation connects.
func (o original) client() *mysql.Config {
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port))
	c.User, c.Passwd, c.DBName = user, password, o.database
	c.Logger = &mysql.NopLogger{}
	return c
}

// selects selects the library of a core object and fails unless the server of want
// answers.
func (o original) selects(t *testing.T, core string, want *mysqld.Server) {
	t.Helper()
	if err := serves(t.Context(), o.client(), core, want.Port()); err != nil {
		t.Fatal(err)
	}
}

// serveUntilStopped runs a node in the foreground, looks whether it serves clients,
// stops it and returns its log.
func (o original) serveUntilStopped(t *testing.T, args ...string) string {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := osexec.Command(o.program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = o.environment(), log, log
	process, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			said, err := os.ReadFile(log.Name())
			t.Logf("log of the node: %v\n%s", err, said)
		}
	})
	serve := func(ctx context.Context) error {
		if !process.Running() {
			return wait.Hopeless(fmt.Errorf("the node has ended: %w", process.Err()))
		}
		return selectsAnything(ctx, o.client())
	}
	if err := wait.For(within(t), "the node serves", serve); err != nil {
		t.Fatal(err)
	}
	if err := process.Stop(within(t)); err != nil {
		t.Fatalf("exit: %v", err)
	}
	said, err := os.ReadFile(log.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}

// selectsAnything looks whether clients are served.
func selectsAnything(ctx context.Context, c *mysql.Config) error {
	_, err := answeringPort(ctx, c, "330001")
	return err
}

// serves selects a library and checks which server answers.
func serves(ctx context.Context, c *mysql.Config, core string, want int) error {
	got, err := answeringPort(ctx, c, core)
	if err == nil && got != want {
		err = errors.New("another server answers: " + strconv.Itoa(got))
	}
	return err
}

func answeringPort(ctx context.Context, c *mysql.Config, core string) (int, error) {
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return 0, err
	}
	s, err := newClientSession(ctx, nil, sql.OpenDB(connector))
	if err != nil {
		return 0, err
	}
	defer s.close()
	return selectLibrary(ctx, s.conn, core)
}
