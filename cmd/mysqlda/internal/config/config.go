// Package config reads a node's config file: JSON with comments and trailing
// commas, decoded strictly into one immutable value.
//
// The keys server, auth, session_pool and forwards are those of the original
// program, so its file starts a one-node cluster unchanged. auth, session_pool,
// forwards, max_share, balance and failover seed a new cluster (see Config.Seed);
// afterwards the cluster's own copy is what counts, and the last four are read by
// `mysqlda apply` and `mysqlda reload` only.
//
// The package opens nothing but the file itself and decides nothing about a
// running node; package daemon does.
package config

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/ring"
)

// MaxFileBytes bounds the whole file. The bounds of names, accounts, libraries
// and weights are those of package fsm, which keeps them.
const MaxFileBytes = 4 << 20

const (
	maxIdleTimeoutSeconds = 30 * 24 * 3600
	maxShutdownSeconds    = 3600
	maxSlowStatement      = time.Hour
)

// What a key is when the file does not say.
const (
	DefaultListenIP        = "127.0.0.1"
	DefaultListenPort      = 13306
	DefaultDataDir         = "mysqlda-data"
	DefaultIdleTimeout     = 60 * time.Second
	DefaultShutdownTimeout = 10 * time.Second
	DefaultMaxShareMille   = ring.DefaultMaxShareMille

	// Where the other ports are when the file does not say, counted from
	// server.listen_port.
	clusterPortOffset = 1
	gossipPortOffset  = 2
	httpPortOffset    = 3
)

// Config is what one node's file says, with every default filled in. It is
// never changed after Load; it may be read from any goroutine.
type Config struct {
	Path string // of the file, absolute

	Server      Server
	TLS         ClientTLS
	Limits      Limits
	Auth        Auth
	IdleTimeout time.Duration // session_pool.unused_forward_session_timeout
	Backend     Backend
	Forwards    []Forward
	Balancing   Balancing
	Failover    Failover
	Node        Node
	Cluster     Cluster
	HTTP        HTTP
	Log         Log
	Secrets     Secrets

	// Warnings are things an operator should know but that stop nothing.
	Warnings []string
	// Exposed says that the file holds a password and that every user of the machine
	// may read it; the last of Warnings tells it.
	Exposed bool
}

// Server is where MySQL clients connect to.
type Server struct {
	Listen          string        // host:port
	ShutdownTimeout time.Duration // how long running statements may take to finish on a graceful stop
	// ProxyProtocolFrom are those who say with the PROXY protocol on whose behalf
	// they connect, and are believed.
	ProxyProtocolFrom []netip.Prefix
}

// Auth is the one account: clients log in with it, and nodes log in to the
// MySQL servers with it.
type Auth struct {
	User           string
	Password       Secret
	Database       string
	DefaultLibrary string // of a session that has not selected one; "" for none
	DefaultCore    string // whose library a session starts in, before DefaultLibrary; "" for none
}

// Forward is one library of the file's forwards list.
type Forward struct {
	Library string
	Weight  uint32
	// HasWeight says that the file names the weight. Where it does not, reload
	// leaves the cluster's weight alone.
	HasWeight bool
	Servers   []string // host:port, in their order; the first one of a new library is the active one
	TLS       fsm.TLSMode
	// HasTLS says that the file names it. Where it does not, reload leaves the
	// cluster's alone.
	HasTLS   bool
	Failover fsm.Failover
	// HasFailover is the same for either part of Failover.
	HasFailover bool
}

// Balancing is how new core objects are spread over the libraries, besides their
// weights. HasMaxShare and HasBalance say that the file names it. Where it does not, reload leaves the
// cluster's alone.
type Balancing struct {
	MaxShareMille uint32 // the largest share of one library, in thousandths
	HasMaxShare   bool
	Balance       fsm.Balance
	HasBalance    bool
}

// Node is who this node is.
type Node struct {
	ID        string // "" means: the one in the data directory, or a generated one
	DataDir   string // absolute
	Advertise string // host under which others reach this node; "" means: see Config.Advertised
	// SnapshotAfter is how many bytes of log make a snapshot due, at least: a large
	// state waits for a quarter of its own size.
	SnapshotAfter uint64
}

// Cluster is where other nodes connect to.
type Cluster struct {
	// Present says that the file has a cluster section. A node without one
	// makes a cluster of its own when it is started for the first time.
	Present bool
	Listen  string // internode TCP, host:port
	Gossip  string // gossip TCP and UDP, host:port
}

// HTTP is where the API, the metrics and the probes are served.
type HTTP struct {
	Listen string // host:port
	Debug  bool   // profiles of the process are served there, too
}

// Secrets says where the keys are that the cluster's passwords are sealed with.
type Secrets struct {
	KeyFile string // absolute; "" for none
}

// Log says what is logged and how.
type Log struct {
	Level  string // one of LogLevels
	Format string // console or json
	// SlowStatement is from which time on a statement is logged; 0 means never.
	SlowStatement time.Duration
}

// LogLevels are the words for the levels of the log, from the one that tells most.
func LogLevels() []string { return []string{"debug", "info", "warn", "error"} }

// Load reads and checks the file. An error about its content is an *Error.
func Load(path string) (*Config, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("config file %s: %w", path, err)
	}
	file, err := os.Open(abs)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("config file %s does not exist; `mysqlda init -f %s` writes one", path, path)
	}
	if err != nil {
		return nil, fmt.Errorf("config file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("config file: %w", err)
	}
	src, err := io.ReadAll(io.LimitReader(file, MaxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("config file %s: %w", path, err)
	}
	if len(src) > MaxFileBytes {
		return nil, fmt.Errorf("config file %s has more than %d bytes", path, MaxFileBytes)
	}
	cfg, err := Parse(abs, src)
	if err != nil {
		return nil, err
	}
	if cfg.Exposed = info.Mode().Perm()&0o004 != 0 && cfg.HoldsSecrets(); cfg.Exposed {
		cfg.Warnings = append(cfg.Warnings, fmt.Sprintf(
			"%s holds a password and every user of this machine may read it; `chmod 600 %s` ends that", path, path))
	}
	return cfg, nil
}

// HoldsSecrets tells whether the file has a password in it.
func (c *Config) HoldsSecrets() bool {
	return c.Auth.Password+c.Failover.Password+c.Failover.ReplicationPassword != ""
}

// Seed checks that the file says everything that a new cluster needs.
func (c *Config) Seed() error {
	switch {
	case c.Auth.User == "":
		return fmt.Errorf("%s: auth.user is missing: a new cluster needs the account that clients and nodes log in with", c.Path)
	case c.Forwards == nil:
		return fmt.Errorf("%s: forwards is missing: a new cluster needs its libraries (an empty list starts without any)", c.Path)
	}
	return nil
}
