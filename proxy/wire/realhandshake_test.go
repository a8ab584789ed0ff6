package wire

import (
	"bytes"
	"context"
	"database/sql"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/client"

	"github.com/mysqlda/mysqlda/test/harness/need"
)

// everything offers all that has to do with the handshake.
func everything(t *testing.T) AcceptConfig {
	t.Helper()
	cfg := tlsConfig(t)
	cfg.Capabilities |= ClientCompress | ClientZstdCompression
	cfg.PasswordKey = new(PasswordKey)
	return cfg
}

func TestGoSQLDriverWithTLSAndCompression(t *testing.T) {
	for _, plugin := range []string{"", pluginCachingSHA2} {
		for _, options := range []string{"", "tls=skip-verify", "compress=true", "tls=skip-verify&compress=true"} {
			t.Run(plugin+" "+options, func(t *testing.T) {
				cfg := everything(t)
				cfg.Plugin = plugin
				clients := make(chan *Client, 4)
				address := serveWith(t, cfg, func(c *Client) { clients <- c })
				db, err := sql.Open("mysql", "calvin:secret@tcp("+address+")/shop?"+options)
				if err != nil {
					t.Fatal(err)
				}
				db.SetMaxOpenConns(1)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				rowsAre(ctx, t, db, [][2]string{{"SELECT what", ""}, {strings.Repeat("长", 300), "b"}}, "SELECT what")
				long := strings.Repeat("y", 200_000)
				rowsAre(ctx, t, db, [][2]string{{long[:maxValue], "1"}, {"x", ""}}, "SELECT ?, ?", long[:50_000], "1")
				if err := db.Close(); err != nil {
					t.Error(err)
				}
				c := <-clients
				if c.TLS != strings.Contains(options, "tls") || (c.Compression.Algorithm == Zlib) != strings.Contains(options, "compress") {
					t.Errorf("%+v", c)
				}
			})
		}
	}
}

func TestGoMySQLClientCompresses(t *testing.T) {
	for algorithm, capability := range map[Algorithm]Capability{Zlib: ClientCompress, Zstd: ClientZstdCompression} {
		clients := make(chan *Client, 1)
		address := serveWith(t, everything(t), func(c *Client) { clients <- c })
		conn, err := client.Connect(address, "calvin", "secret", "shop", func(c *client.Conn) error {
			return c.SetCapability(uint32(capability))
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{"SELECT 1", "SELECT " + strings.Repeat("y", 60_000)} {
			result, err := conn.Execute(query)
			if err != nil {
				t.Fatalf("%v: %v", algorithm, err)
			}
			if got, err := result.GetString(0, 0); err != nil || got != query[:min(len(query), maxValue)] {
				t.Errorf("%v: %d bytes, %v", algorithm, len(got), err)
			}
		}
		if err := conn.Quit(); err != nil {
			t.Error(err)
		}
		if c := <-clients; c.Compression.Algorithm != algorithm {
			t.Errorf("%+v", c.Compression)
		}
	}
}

func TestGoSQLDriverWithAWrongPassword(t *testing.T) {
	for _, options := range []string{"", "tls=skip-verify", "allowCleartextPasswords=true&tls=skip-verify"} {
		cfg := everything(t)
		cfg.Plugin = pluginCachingSHA2 // it sends its scramble, and asks for the key when that fails
		address := serveWith(t, cfg, func(c *Client) { t.Errorf("%s: %+v", options, c) })
		db, err := sql.Open("mysql", "calvin:wrong@tcp("+address+")/?"+options)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.PingContext(t.Context()); err == nil || !strings.Contains(err.Error(), "1045") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: %v", options, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// run runs a client program, and gives what it prints.
func run(t *testing.T, env []string, program string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		need.Missing(t, program+" is not installed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, path, args...)
	command.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err = command.Run()
	return out.String(), err
}

func TestMariaDBCommandLine(t *testing.T) {
	for _, c := range []struct {
		name     string
		plugin   string
		caps     Capability // offered besides
		args     []string
		password string
		tls      bool
		compress Algorithm
		extended Capability
		denied   bool
	}{
		{name: "plain", args: []string{"--skip-ssl"}},
		{name: "TLS", args: []string{"--ssl"}, tls: true},
		{name: "zlib", args: []string{"--skip-ssl", "--compress"}, compress: Zlib},
		{name: "zlib over TLS", args: []string{"--ssl", "--compress"}, compress: Zlib, tls: true},
		{name: "ed25519", args: []string{"--skip-ssl", "--default-auth=client_ed25519"}},
		{name: "ed25519, wrong", args: []string{"--skip-ssl", "--default-auth=client_ed25519"}, password: "wrong", denied: true},
		{name: "sha2", args: []string{"--skip-ssl", "--default-auth=caching_sha2_password"}},
		{name: "sha2, wrong", args: []string{"--skip-ssl", "--default-auth=caching_sha2_password"}, password: "wrong", denied: true},
		{name: "sha2 over TLS, wrong", args: []string{"--ssl", "--default-auth=caching_sha2_password"}, password: "wrong", denied: true},
		{name: "sha2 in the greeting", plugin: pluginCachingSHA2, args: []string{"--skip-ssl"}},
		{name: "sha2 in the greeting, native wanted", plugin: pluginCachingSHA2, args: []string{"--skip-ssl", "--default-auth=mysql_native_password"}},
		{name: "clear over TLS", args: []string{"--ssl", "--default-auth=mysql_clear_password"}, tls: true},
		{name: "clear over TLS, wrong", args: []string{"--ssl", "--default-auth=mysql_clear_password"}, password: "wrong", denied: true},
		{name: "clear, refused", args: []string{"--skip-ssl", "--default-auth=mysql_clear_password"}},
		{name: "MariaDB's own", caps: MariadbProgress | MariadbBulkOperations, args: []string{"--skip-ssl"}, extended: MariadbProgress | MariadbBulkOperations},
		{name: "wrong", args: []string{"--skip-ssl"}, password: "wrong", denied: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := everything(t)
			cfg.Plugin, cfg.Capabilities = c.plugin, cfg.Capabilities|c.caps
			if c.caps != 0 {
				cfg.ServerVersion = "10.11.6-MariaDB-mysqlda" // its clients look for the name
			}
			clients := make(chan *Client, 1)
			host, port, err := net.SplitHostPort(serveWith(t, cfg, func(who *Client) { clients <- who }))
			if err != nil {
				t.Fatal(err)
			}
			password := "secret"
			if c.password != "" {
				password = c.password
			}
			args := append([]string{"--no-defaults", "-h", host, "-P", port, "-u", "calvin", "-p" + password, "--batch", "-e", "SELECT what"}, c.args...)
			out, err := run(t, nil, "mariadb", append(args, "shop")...)
			if c.denied {
				if err == nil || !strings.Contains(out, "1045") {
					t.Errorf("%v: %s", err, out)
				}
				return
			}
			if err != nil || !strings.Contains(out, "SELECT what") {
				t.Fatalf("%v: %s", err, out)
			}
			who := <-clients
			if who.TLS != c.tls || who.Compression.Algorithm != c.compress || who.Capabilities>>extendedShift<<extendedShift&c.caps != c.extended {
				t.Errorf("%+v", who)
			}
		})
	}
}

// mysql2Program logs in, asks, changes its user, asks again, and ends with a
// wrong password.
const mysql2Program = `
const mysql = require(process.env.MYSQL2 + '/promise')
async function main () {
  const options = JSON.parse(process.env.OPTIONS)
  const c = await mysql.createConnection({ host: '127.0.0.1', user: 'calvin', password: 'secret', database: 'shop', connectTimeout: 10000, ...options })
  const ask = async () => {
    const [rows] = await c.query('SELECT what')
    if (rows.length !== 2 || rows[0].asked !== 'SELECT what') throw new Error(JSON.stringify(rows))
  }
  await ask()
  await c.changeUser({ user: 'calvin', password: 'secret', database: 'other' })
  await ask()
  try {
    await c.changeUser({ user: 'calvin', password: 'wrong' })
  } catch (e) {
    if (e.errno !== 1045) throw e
    console.log('ok')
  }
  c.destroy()
}
main().catch(e => { console.error(e); process.exit(1) })
`

func TestMySQL2ForNode(t *testing.T) {
	module, err := filepath.Abs("../../test/clients/programs/node/node_modules/mysql2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(module); err != nil {
		need.Missing(t, "mysql2 for Node is not installed")
	}
	for _, plugin := range []string{"", pluginCachingSHA2} {
		for options, want := range map[string]Client{
			`{}`:                                   {},
			`{"compress":true}`:                    {Compression: Compression{Algorithm: Zlib}},
			`{"ssl":{"rejectUnauthorized":false}}`: {Agreed: Agreed{TLS: true}},
			`{"compress":true,"ssl":{"rejectUnauthorized":false}}`: {Agreed: Agreed{TLS: true}, Compression: Compression{Algorithm: Zlib}},
		} {
			t.Run(plugin+options, func(t *testing.T) {
				cfg := everything(t)
				cfg.Plugin = plugin
				clients := make(chan *Client, 2)
				_, port, err := net.SplitHostPort(serveWith(t, cfg, func(c *Client) { clients <- c }))
				if err != nil {
					t.Fatal(err)
				}
				options := strings.TrimSuffix(options, "}") + `,"port":` + port + "}"
				options = strings.Replace(options, "{,", "{", 1)
				out, err := run(t, []string{"MYSQL2=" + module, "OPTIONS=" + options}, "node", "-e", mysql2Program)
				if err != nil || !strings.HasSuffix(out, "ok\n") || strings.Contains(out, "out of order") {
					t.Fatalf("%v: %s", err, out)
				}
				login, changed := <-clients, <-clients
				if login.TLS != want.TLS || login.Compression != want.Compression || changed.Database != "other" || changed.User != "calvin" {
					t.Errorf("%+v, %+v", login, changed)
				}
			})
		}
	}
}
