package mysqld

import (
	"cmp"
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
	// Port of 127.0.0.1 to listen on; 0 takes a free one.
	Port int
	// User and Password make an account with all privileges, at every host,
	// authenticated with mysql_native_password.
	User, Password string
	// Database is created.
	Database string
	// Args are put behind the harness's own arguments and so override them.
	Args []string
}

func (o Options) withDefaults() (Options, error) {
	o.User = cmp.Or(o.User, "test")
	o.Password = cmp.Or(o.Password, "test")
	o.Database = cmp.Or(o.Database, "test")
	for _, name := range []string{o.User, o.Password, o.Database} {
		if strings.ContainsAny(name, "'`\\\n\x00") {
			return o, fmt.Errorf("user, password and database may not contain quotes, backslashes or line ends: %q", name)
		}
	}
	return o, nil
}

// initSQL is what the server runs before it accepts its first connection; one
// statement a line, as the server's init file wants it.
func (o Options) initSQL(f flavour) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE DATABASE IF NOT EXISTS `%s`;\n", o.Database)
	for _, host := range []string{"%", "localhost"} {
		fmt.Fprintf(&b, "CREATE USER IF NOT EXISTS '%s'@'%s' %s;\n", o.User, host, f.identified(o.Password))
		fmt.Fprintf(&b, "GRANT ALL PRIVILEGES ON *.* TO '%s'@'%s' WITH GRANT OPTION;\n", o.User, host)
	}
	return b.String()
}
