package mysqld

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// Options say what kind of server is wanted. The zero value is a server in a
// temporary directory, on a free port, with the account test/test and the
// database test.
type Options struct {
	// Dir is where the server keeps everything it writes. It must be missing or
	// empty. "" makes a temporary directory, which Close removes.
	Dir string
	// BindAddress is the IP address to listen on, and that of Addr; "" is 127.0.0.1.
	BindAddress string
	// Port of it to listen on; 0 takes one that is free on 127.0.0.1.
	Port int
	// Prefix is a command that runs the server's own, such as "ip netns exec NAME".
	// It must replace itself by it, and not start it as a child.
	Prefix []string
	// User and Password make an account with all privileges, at every host,
	// authenticated with mysql_native_password.
	User, Password string
	// Database is created.
	Database string
	// Replication, unless nil, makes the server one that replicates.
	Replication *Replication
	// Args are put behind the harness's own arguments and so override them.
	Args []string
}

func (o Options) withDefaults() (Options, error) {
	o.User = cmp.Or(o.User, "test")
	o.Password = cmp.Or(o.Password, "test")
	o.Database = cmp.Or(o.Database, "test")
	o.BindAddress = cmp.Or(o.BindAddress, loopback)
	for _, name := range []string{o.User, o.Password, o.Database} {
		if strings.ContainsAny(name, "'`\\\n\x00") {
			return o, fmt.Errorf("user, password and database may not contain quotes, backslashes or line ends: %q", name)
		}
	}
	if o.Replication != nil && o.Replication.ServerID == 0 {
		return o, errors.New("a server that replicates needs a server id")
	}
	return o, nil
}

// loopback is where servers listen that nobody has given another address.
const loopback = "127.0.0.1"

// initSQL is what the server runs before it accepts its first connection; one
// statement a line, as the server's init file wants it. Nothing of it gets into the
// binary log: each server of a group does it by itself.
func (o Options) initSQL(f flavour) string {
	var b strings.Builder
	b.WriteString("SET SESSION sql_log_bin = 0;\n")
	fmt.Fprintf(&b, "CREATE DATABASE IF NOT EXISTS `%s`;\n", o.Database)
	for _, host := range []string{"%", "localhost"} {
		fmt.Fprintf(&b, "CREATE USER IF NOT EXISTS '%s'@'%s' %s;\n", o.User, host, f.identified(o.Password))
		fmt.Fprintf(&b, "GRANT ALL PRIVILEGES ON *.* TO '%s'@'%s' WITH GRANT OPTION;\n", o.User, host)
	}
	if o.Replication != nil {
		for _, a := range o.accounts(f) {
			fmt.Fprintf(&b, "CREATE USER '%s'@'%%' %s;\nGRANT %s TO '%s'@'%%';\n", a.user, f.identified(a.password), a.rights, a.user)
		}
	}
	return b.String()
}
