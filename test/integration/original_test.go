package integration

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/port"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// The original program's file has none of the new sections. The other ports
// follow the one that it names.
func TestConfigFileOfTheOriginalStartsAndServes(t *testing.T) {
	t.Parallel()
	database := databaseOf(t)
	target := libraryServers(t, database)[0]
	first, err := port.ReserveRun(4)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "mysqlda.conf")
	text := `{
        "server" :
        {
                "listen_ip" : "127.0.0.1" ,
                "listen_port" : ` + strconv.Itoa(first) + `
        } ,
        "auth" :
        {
                "user" : "` + user + `" ,
                "pass" : "` + password + `" ,
                "db" : "` + database + `"
        } ,
        "session_pool" :
        {
                "unused_forward_session_timeout" : 60
        } ,
        "forwards" :
        [
        {
                "instance" : "mysqlda1" ,
                "forward" :
                [
                {
                        "ip" : "127.0.0.1" ,
                        "port" : ` + strconv.Itoa(target.Port()) + `
                }
                ]
        }
        ]
}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := osexec.Command(program, "start", "-f", file)
	cmd.Stdout, cmd.Stderr = log, log
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

	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first))
	c.User, c.Passwd, c.DBName = user, password, database
	c.Logger = &mysql.NopLogger{}
	serve := func(ctx context.Context) error {
		if !process.Running() {
			t.Fatalf("the node has ended: %v", process.Err())
		}
		return serves(ctx, c, target.Port())
	}
	if err := wait.For(within(t), "the node serves", serve); err != nil {
		t.Fatal(err)
	}
	if err := process.Stop(within(t)); err != nil {
		t.Fatalf("exit: %v", err)
	}
}

// serves selects a library and checks which server answers.
func serves(ctx context.Context, c *mysql.Config, want int) (err error) {
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	s, err := newClientSession(ctx, nil, sql.OpenDB(connector))
	if err != nil {
		return err
	}
	defer s.close()
	got, err := selectLibrary(ctx, s.conn, "330001")
	if err == nil && got != want {
		err = errors.New("another server answers: " + strconv.Itoa(got))
	}
	return err
}
