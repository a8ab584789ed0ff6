package config

import (
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// Parse decodes the content of the file at path, which must be absolute: it
// appears in errors and relative paths of the file start at its directory.
// An error is an *Error.
func Parse(path string, src []byte) (*Config, error) {
	doc, root, err := parse(path, src)
	if err != nil {
		return nil, err
	}
	cfg := &Config{Path: path}
	cfg.decode(root)
	if err := doc.err(path); err != nil {
		return nil, err
	}
	return cfg, nil
}

func (c *Config) decode(root *object) {
	ip, port := DefaultListenIP, int64(DefaultListenPort)
	c.Server.ShutdownTimeout = DefaultShutdownTimeout
	var server *object
	root.section("server", func(o *object) {
		server = o
		if o.text("listen_ip", &ip) {
			if _, err := netip.ParseAddr(ip); err != nil {
				o.report("listen_ip", "must be an IP address, not %q; 0.0.0.0 stands for every address of this machine", ip)
			}
		}
		o.whole("listen_port", 1, 65535, &port)
		o.seconds("shutdown_timeout", 1, maxShutdownSeconds, &c.Server.ShutdownTimeout)
		o.prefixes("proxy_protocol_from", &c.Server.ProxyProtocolFrom)
	})
	c.Server.Listen = joinPort(ip, port)
	c.decodeClientTLS(root)
	c.decodeLimits(root)

	var auth *object
	root.section("auth", func(o *object) {
		auth = o
		c.decodeAuth(o)
	})
	c.decodeSessionPool(root)
	c.decodeBackend(root)
	c.decodeForwards(root)
	if name := c.Auth.DefaultLibrary; name != "" && c.Forwards != nil && !c.hasLibrary(name) {
		auth.report("default_library", "%q is no library of forwards", name)
	}
	c.decodeBalancing(root)
	c.decodeFailover(root)
	c.decodeNode(root)
	c.decodeListeners(root, server, ip, port)
	c.decodeLog(root)
	root.close()
}

func (c *Config) decodeAuth(o *object) {
	var password string
	o.text("user", &c.Auth.User)
	o.text("pass", &password)
	o.text("db", &c.Auth.Database)
	o.text("default_library", &c.Auth.DefaultLibrary)
	if o.text("default_core", &c.Auth.DefaultCore) && c.Auth.DefaultCore != "" {
		if err := fsm.CheckName("the core object", c.Auth.DefaultCore, fsm.MaxCoreLen); err != nil {
			o.report("default_core", "%v", err)
		}
	}
	c.Auth.Password = Secret(password)
	o.credential("user", c.Auth.User)
	o.credential("pass", password)
	o.credential("db", c.Auth.Database)
	if c.Auth.User == "" {
		o.report("user", "is missing or empty")
	}
}

func (c *Config) decodeSessionPool(root *object) {
	seconds := int64(DefaultIdleTimeout / time.Second)
	root.section("session_pool", func(o *object) {
		o.whole("unused_forward_session_timeout", 0, maxIdleTimeoutSeconds, &seconds)
	})
	// The original looks once a second, so its 0 keeps a connection for up to one.
	c.IdleTimeout = time.Duration(max(seconds, 1)) * time.Second
}

func (c *Config) decodeForwards(root *object) {
	present := root.list("forwards", fsm.MaxLibraries, func(o *object) {
		f := Forward{Weight: fsm.DefaultWeight}
		if !o.text("instance", &f.Library) {
			o.report("instance", "is missing: the name of the library")
		} else if err := fsm.CheckName("the name of the library", f.Library, fsm.MaxNameLen); err != nil {
			o.report("instance", "%v", err)
		} else if c.hasLibrary(f.Library) {
			o.report("instance", "library %q is given twice", f.Library)
		}
		weight := int64(fsm.DefaultWeight)
		f.HasWeight = o.whole("weight", 0, fsm.MaxWeight, &weight)
		f.Weight = uint32(weight)
		f.decodeTLS(o)
		f.decodeFailover(o)
		f.decodeServers(o)
		c.Forwards = append(c.Forwards, f)
	})
	if present && c.Forwards == nil {
		c.Forwards = []Forward{}
	}
}

func (f *Forward) decodeServers(o *object) {
	o.list("forward", fsm.MaxServers, func(server *object) {
		var ip string
		var port int64
		if !server.text("ip", &ip) {
			server.report("ip", "is missing: the address of the MySQL server")
		} else if err := checkHost(ip); err != nil {
			server.report("ip", "%v", err)
		}
		if !server.whole("port", 1, 65535, &port) {
			server.report("port", "is missing: the port of the MySQL server")
		}
		address := joinPort(ip, port)
		if slices.Contains(f.Servers, address) {
			server.report("ip", "server %s is given twice in library %q", address, f.Library)
		}
		f.Servers = append(f.Servers, address)
	})
	if len(f.Servers) == 0 {
		o.report("forward", "needs at least one MySQL server {\"ip\": ..., \"port\": ...}")
	}
}

func (c *Config) decodeBalancing(root *object) {
	b := &c.Balancing
	b.MaxShareMille = DefaultMaxShareMille
	b.HasMaxShare = root.share("max_share", &b.MaxShareMille)
	word := b.Balance.String()
	if b.HasBalance = root.choice("balance", &word, fsm.Balances()...); b.HasBalance {
		b.Balance, _ = fsm.ParseBalance(word)
	}
	if b.Balance == fsm.BalanceData && c.Auth.User != "" && c.Auth.Database == "" {
		root.report("balance", "goes by the size of the default database, and auth.db names none")
	}
}

func (c *Config) hasLibrary(name string) bool {
	return slices.ContainsFunc(c.Forwards, func(f Forward) bool { return f.Library == name })
}

// The bytes of log that make a snapshot due are between one KiB, for tests, and
// what a start may well read.
const (
	defaultSnapshotAfterKiB = 32 << 10
	maxSnapshotAfterKiB     = 4 << 20
)

func (c *Config) decodeNode(root *object) {
	dir, snapshotAfter := DefaultDataDir, int64(defaultSnapshotAfterKiB)
	root.section("node", func(o *object) {
		if o.text("id", &c.Node.ID) {
			if err := fsm.CheckName("the id of the node", c.Node.ID, fsm.MaxNameLen); err != nil {
				o.report("id", "%v", err)
			}
		}
		if o.text("data_dir", &dir) && dir == "" {
			o.report("data_dir", "is empty")
		}
		if o.text("advertise", &c.Node.Advertise) {
			if err := checkHost(c.Node.Advertise); err != nil || everyAddress(c.Node.Advertise) {
				o.report("advertise", "must be the IP address or host name under which others reach this node, not %q", c.Node.Advertise)
			}
		}
		o.whole("snapshot_after_kib", 1, maxSnapshotAfterKiB, &snapshotAfter)
	})
	c.Node.SnapshotAfter = uint64(snapshotAfter) << 10
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(c.Path), dir)
	}
	c.Node.DataDir = filepath.Clean(dir)
}

func (c *Config) decodeLog(root *object) {
	c.Log = Log{Level: "info", Format: "console"}
	slow := int64(0)
	root.section("secrets", func(o *object) { c.decodePath(o, "key_file", &c.Secrets.KeyFile) })
	root.section("log", func(o *object) {
		o.choice("level", &c.Log.Level, LogLevels()...)
		o.choice("format", &c.Log.Format, "console", "json")
		o.whole("slow_statement_ms", 0, maxSlowStatement.Milliseconds(), &slow)
	})
	c.Log.SlowStatement = time.Duration(slow) * time.Millisecond
}
