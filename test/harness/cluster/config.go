package cluster

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
)

// ConfigFile is a node's config file with the keys that tests set. Its JSON form
// is what the program reads; empty sections are left out.
type ConfigFile struct {
	Server   ServerSection    `json:"server"`
	Auth     AuthSection      `json:"auth"`
	Pool     *PoolSection     `json:"session_pool,omitempty"`
	Backend  *BackendSection  `json:"backend,omitempty"`
	Forwards []ForwardSection `json:"forwards"`
	Node     *NodeSection     `json:"node,omitempty"`
	Cluster  *ClusterSection  `json:"cluster,omitempty"`
	HTTP     *HTTPSection     `json:"http,omitempty"`
	Log      *LogSection      `json:"log,omitempty"`
	Limits   *LimitsSection   `json:"limits,omitempty"`
	Failover *FailoverSection `json:"failover,omitempty"`
	Secrets  *SecretsSection  `json:"secrets,omitempty"`
}

// The sections of a config file.
type (
	ServerSection struct {
		ListenIP   string `json:"listen_ip"`
		ListenPort int    `json:"listen_port"`
	}
	AuthSection struct {
		User           string `json:"user"`
		Pass           string `json:"pass"`
		DB             string `json:"db"`
		DefaultLibrary string `json:"default_library,omitempty"`
	}
	PoolSection struct {
		UnusedForwardSessionTimeout int `json:"unused_forward_session_timeout"` // seconds
	}
	BackendSection struct {
		MaxConnections int `json:"max_connections_per_server"`
	}
	ForwardSection struct {
		Instance string          `json:"instance"`
		Failover string          `json:"failover,omitempty"`
		Failback bool            `json:"failback,omitempty"`
		Forward  []TargetSection `json:"forward"`
	}
	TargetSection struct {
		IP   string `json:"ip"`
		Port int    `json:"port"`
	}
	NodeSection struct {
		ID            string `json:"id"`
		DataDir       string `json:"data_dir"`
		SnapshotAfter int    `json:"snapshot_after_kib,omitempty"`
	}
	ClusterSection struct {
		Listen string `json:"listen"`
		Gossip string `json:"gossip"`
	}
	HTTPSection struct {
		Listen string `json:"listen"`
	}
	LogSection struct {
		Level  string `json:"level"`
		Format string `json:"format,omitempty"`

		SlowStatementMS int `json:"slow_statement_ms,omitempty"`
	}
	LimitsSection struct {
		ParkAfter   int `json:"park_after,omitempty"` // seconds
		MaxSessions int `json:"max_sessions,omitempty"`
	}
	SecretsSection struct {
		KeyFile string `json:"key_file"`
	}
	FailoverSection struct {
		User                string `json:"user,omitempty"`
		Password            string `json:"pass,omitempty"`
		ReplicationUser     string `json:"replication_user,omitempty"`
		ReplicationPassword string `json:"replication_pass,omitempty"`
		Wait                int    `json:"wait,omitempty"`     // seconds
		Lease               int    `json:"lease,omitempty"`    // seconds
		Cooldown            int    `json:"cooldown,omitempty"` // seconds
		RequireFencing      bool   `json:"require_fencing,omitempty"`
	}
)

// Write writes the file to path, readable by its owner only.
func (c ConfigFile) Write(path string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("encode a config file: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("write a config file: %w", err)
	}
	return nil
}

// Forwards turns libraries into the section of a config file.
func Forwards(libraries []Library) ([]ForwardSection, error) {
	sections := []ForwardSection{} // null is no list
	for _, l := range libraries {
		section := ForwardSection{Instance: l.Name, Failover: l.Failover, Failback: l.Failback}
		for _, s := range l.Servers {
			ip, p, err := splitAddress(s)
			if err != nil {
				return nil, fmt.Errorf("server of library %s: %w", l.Name, err)
			}
			section.Forward = append(section.Forward, TargetSection{IP: ip, Port: p})
		}
		sections = append(sections, section)
	}
	return sections, nil
}

func splitAddress(addr string) (ip string, p int, err error) {
	ip, number, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	if p, err = strconv.Atoi(number); err != nil {
		return "", 0, fmt.Errorf("port of %s: %w", addr, err)
	}
	return ip, p, nil
}

// configOf is the config file of a node at those addresses.
func configOf(o Options, id string, a Addresses) (ConfigFile, error) {
	ip, p, err := splitAddress(a.MySQL)
	if err != nil {
		return ConfigFile{}, err
	}
	forwards, err := Forwards(o.Libraries)
	if err != nil {
		return ConfigFile{}, err
	}
	var limits *LimitsSection
	if o.ParkAfter > 0 || o.MaxSessions > 0 {
		limits = &LimitsSection{ParkAfter: o.ParkAfter, MaxSessions: o.MaxSessions}
	}
	var backend *BackendSection
	if o.BackendConnections > 0 {
		backend = &BackendSection{MaxConnections: o.BackendConnections}
	}
	var secrets *SecretsSection
	if o.KeyFiles {
		secrets = &SecretsSection{KeyFile: id + ".key"}
	}
	return ConfigFile{
		Backend:  backend,
		Server:   ServerSection{ListenIP: ip, ListenPort: p},
		Auth:     AuthSection{User: o.User, Pass: o.Password, DB: o.Database, DefaultLibrary: o.DefaultLibrary},
		Pool:     &PoolSection{UnusedForwardSessionTimeout: cmp.Or(o.IdleTimeout, 60)},
		Forwards: forwards,
		Node:     &NodeSection{ID: id, DataDir: id + "-data", SnapshotAfter: o.SnapshotAfter},
		Cluster:  &ClusterSection{Listen: a.Cluster, Gossip: a.Gossip},
		HTTP:     &HTTPSection{Listen: a.HTTP},
		Log:      &LogSection{Level: o.LogLevel, Format: o.LogFormat, SlowStatementMS: o.SlowStatementMS},
		Limits:   limits,
		Failover: o.Failover,
		Secrets:  secrets,
	}, nil
}
