package fsm

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
	"github.com/mysqlda/mysqlda/fsm/seal"
)

// Bounds of Settings.
const (
	ClusterIDLen     = 32  // hex digits
	MaxCredentialLen = 255 // bytes of a user, password or database
)

// Bootstrap is the command that makes a cluster: its settings and first
// libraries. Only the first one counts; the others' result is ErrBootstrapped.
type Bootstrap struct {
	Settings  Settings
	Libraries []AddLibrary // may be empty; ids are given in this order from 1
	// Users may be empty: then the account of the settings is the only one. They are in
	// ascending order of their names.
	Users []User
}

// Check reports whether settings and libraries are allowed. The error wraps
// ErrBadChange or ErrBadName.
func (b Bootstrap) Check() error {
	for _, l := range b.Libraries {
		if err := l.check(); err != nil {
			return err
		}
	}
	if core := b.Settings.DefaultCore; core != "" {
		if err := CheckName("default core object", core, MaxCoreLen); err != nil {
			return err
		}
	}
	users, err := firstUsers(0, b.Users, &b.Settings)
	if err != nil {
		return err
	}
	// Nobody could log in as that user: its verifier cannot be made of a sealed password.
	if users.AccountIsUser() && seal.IsSealed(b.Settings.Password) {
		return fmt.Errorf("%w: the password is sealed, and %s is no user", ErrBadChange, b.Settings.User)
	}
	_, err = b.draft(0)
	return err
}

// Encode checks the command and gives its log entry.
func (b Bootstrap) Encode() ([]byte, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	p := &fsmpb.Bootstrap{
		Settings:  settingsProto(&b.Settings),
		Libraries: make([]*fsmpb.AddLibrary, len(b.Libraries)),
		Users:     userProtos(b.Users),
	}
	for i, l := range b.Libraries {
		p.Libraries[i] = l.addProto()
	}
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_Bootstrap{Bootstrap: p}})
}

// draft makes the first libraries and checks the settings against them.
func (b Bootstrap) draft(index uint64) (draft, error) {
	d := draft{next: 1, index: index}
	for _, l := range b.Libraries {
		if err := d.add(l); err != nil {
			return draft{}, err
		}
	}
	b.Settings.Failover = b.Settings.Failover.WithDefaults()
	return d, b.Settings.check(d)
}

func (s *state) bootstrap(index uint64, p *fsmpb.Bootstrap) error {
	if s.settings.Load() != nil {
		return ErrBootstrapped
	}
	b := Bootstrap{Libraries: make([]AddLibrary, len(p.GetLibraries()))}
	if settings := settingsFromProto(p.GetSettings()); settings != nil {
		b.Settings = *settings
	}
	for i, l := range p.GetLibraries() {
		b.Libraries[i] = addLibraryFromProto(l)
	}
	d, err := b.draft(index)
	if err != nil {
		return err
	}
	if b.Users, err = usersFromProto(p.GetUsers()); err != nil {
		return err
	}
	users, err := firstUsers(index, b.Users, &b.Settings)
	if err != nil {
		return err
	}
	s.publish(1, d)
	s.settings.Store(&b.Settings)
	s.users.Store(users)
	// Without libraries nothing was placed yet.
	s.log.Store(newMappingLog(indexKey(b.Settings.ClusterID)))
	return nil
}

// indexKey derives the key of the mapping log's index from the cluster's id,
// which clients do not see.
func indexKey(clusterID string) uint64 {
	sum := sha256.Sum256([]byte("mysqlda index key\x00" + clusterID))
	return binary.BigEndian.Uint64(sum[:])
}

// check reports whether the settings are allowed with these libraries.
func (s *Settings) check(d draft) error {
	if !validClusterID(s.ClusterID) {
		return fmt.Errorf("%w: the cluster id %q is not %d hex digits", ErrBadChange, s.ClusterID, ClusterIDLen)
	}
	if s.User == "" {
		return fmt.Errorf("%w: the user has no name", ErrBadChange)
	}
	if len(s.User) > MaxCredentialLen || len(s.Database) > MaxCredentialLen {
		return fmt.Errorf("%w: user and database have at most %d bytes each", ErrBadChange, MaxCredentialLen)
	}
	if err := checkSecret("the password", s.Password); err != nil {
		return err
	}
	if s.DefaultLibrary != "" {
		if _, err := d.library(s.DefaultLibrary); err != nil {
			return fmt.Errorf("default library: %w", err)
		}
	}
	if s.DefaultCore != "" {
		if err := checkLen("default core object", s.DefaultCore, MaxCoreLen); err != nil {
			return err
		}
	}
	if s.UnusedForwardSessionTimeout < 0 {
		return fmt.Errorf("%w: the timeout of unused backend connections is negative", ErrBadChange)
	}
	if err := s.Failover.check(); err != nil {
		return err
	}
	return s.checkBalancing()
}

func validClusterID(id string) bool {
	if len(id) != ClusterIDLen {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func settingsProto(s *Settings) *fsmpb.Settings {
	return &fsmpb.Settings{
		ClusterId:                     s.ClusterID,
		User:                          s.User,
		Password:                      s.Password,
		Database:                      s.Database,
		DefaultLibrary:                s.DefaultLibrary,
		UnusedForwardSessionTimeoutNs: int64(s.UnusedForwardSessionTimeout),
		MaxShareMille:                 s.MaxShareMille,
		DefaultCore:                   s.DefaultCore,
		Balance:                       fsmpb.Balance(s.Balance),
		Failover:                      failoverSettingsProto(s.Failover.WithDefaults()),
	}
}

// settingsFromProto returns nil for nil. Settings of a release that knew none of
// failover get its defaults.
func settingsFromProto(p *fsmpb.Settings) *Settings {
	if p == nil {
		return nil
	}
	return &Settings{
		ClusterID:                   p.GetClusterId(),
		User:                        p.GetUser(),
		Password:                    p.GetPassword(),
		Database:                    p.GetDatabase(),
		DefaultLibrary:              p.GetDefaultLibrary(),
		UnusedForwardSessionTimeout: time.Duration(p.GetUnusedForwardSessionTimeoutNs()),
		MaxShareMille:               p.GetMaxShareMille(),
		DefaultCore:                 p.GetDefaultCore(),
		Balance:                     balanceFromProto(p.GetBalance()),
		Failover:                    failoverSettingsFromProto(p.GetFailover()).WithDefaults(),
	}
}
