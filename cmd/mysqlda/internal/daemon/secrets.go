package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/seal"
)

// sealed seals a password that came in, as it is to stand in the log.
func (d *daemon) sealed(password string) (string, error) {
	stored, err := d.keys.Ring().Seal(password)
	if err != nil {
		return "", fmt.Errorf("%w: %w", admin.ErrBadRequest, err)
	}
	return stored, nil
}

// sealChanges seals the passwords in changes of libraries.
func (d *daemon) sealChanges(changes []fsm.LibraryChange) error {
	for i, change := range changes {
		account, ok := change.(fsm.SetAccount)
		if !ok {
			continue
		}
		stored, err := d.sealed(account.Account.Password)
		if err != nil {
			return err
		}
		account.Account.Password = stored
		changes[i] = account
	}
	return nil
}

// sealSettings seals the passwords in the settings of a new cluster.
func (d *daemon) sealSettings(s *fsm.Settings) error {
	for _, password := range []*string{&s.Password, &s.Failover.Password, &s.Failover.ReplicationPassword} {
		stored, err := d.sealed(*password)
		if err != nil {
			return err
		}
		*password = stored
	}
	return nil
}

// opened are settings of failover with clear passwords. One that cannot be opened stays
// sealed, and so is another one than any clear password.
func (d *daemon) opened(f fsm.FailoverSettings) fsm.FailoverSettings {
	ring := d.keys.Ring()
	for _, password := range []*string{&f.Password, &f.ReplicationPassword} {
		if clear, err := ring.Open(*password); err == nil {
			*password = clear
		}
	}
	return f
}

func (d *daemon) withClearFailover(s fsm.Settings) fsm.Settings {
	s.Failover = d.opened(s.Failover)
	return s
}

// resealed is what is stored for settings of failover with clear passwords: as before
// where the password is the same.
func (d *daemon) resealed(next, stored fsm.FailoverSettings) (fsm.FailoverSettings, error) {
	was := d.opened(stored)
	for _, p := range []struct {
		is          *string
		was, stored string
	}{{&next.Password, was.Password, stored.Password}, {&next.ReplicationPassword, was.ReplicationPassword, stored.ReplicationPassword}} {
		if sameSecret(*p.is, p.was) {
			*p.is = p.stored
			continue
		}
		sealed, err := d.sealed(*p.is)
		if err != nil {
			return next, err
		}
		*p.is = sealed
	}
	return next, nil
}

// Secrets implements admin.SecretKeeper.
func (d *daemon) Secrets(context.Context) (admin.Secrets, error) {
	node, err := d.running()
	if err != nil {
		return admin.Secrets{}, err
	}
	d.rereadKeys()
	known := d.secretsOf(node)
	if known == nil {
		return admin.Secrets{}, fsm.ErrNoSettings
	}
	return *known, nil
}

// secretsOf is nil while the cluster has no settings.
func (d *daemon) secretsOf(node *cluster.Node) *admin.Secrets {
	settings, ring := node.Settings(), d.keys.Ring()
	if settings == nil {
		return nil
	}
	known := &admin.Secrets{Key: ring.Current(), Keys: ring.IDs(), Locked: []string{}}
	for _, secret := range fsm.Secrets(settings, node.Libraries()) {
		switch _, err := ring.Open(secret.Stored); {
		case err != nil:
			known.Locked = append(known.Locked, fmt.Sprintf("%s: %v", secret.Of, err))
		case !seal.IsSealed(secret.Stored):
			known.Clear++
		case seal.KeyOf(secret.Stored) == ring.Current():
			known.Sealed++
		default:
			known.Older++
		}
	}
	return known
}

// Reseal implements admin.SecretKeeper.
func (d *daemon) Reseal(ctx context.Context) error {
	node, err := d.running()
	if err != nil {
		return err
	}
	d.rereadKeys()
	ring := d.keys.Ring()
	if ring.Current() == "" {
		return fmt.Errorf("%w: this node has no key (secrets.key_file or %s)", fsm.ErrBadChange, seal.Variable)
	}
	if err := node.CatchUp(ctx); err != nil {
		return err
	}
	revision := node.Revision() // before what is read
	settings := node.Settings()
	if settings == nil {
		return fsm.ErrNoSettings
	}
	// The verifier of a user is made of its password, while that is in the clear.
	if u := accountUser(settings); node.Users().AccountIsUser() {
		if seal.IsSealed(settings.Password) {
			return fmt.Errorf("%w: the password of %s is sealed, and it is no user", fsm.ErrBadChange, u.Name)
		}
		if err := node.PutUser(ctx, fsm.PutUser{User: *u}); err != nil {
			return err
		}
	}
	var failed error
	again := func(of, stored string) string {
		clear, err := ring.Open(stored)
		if err == nil {
			stored, err = ring.Seal(clear)
		}
		if err != nil && failed == nil {
			failed = fmt.Errorf("%w: %s: %w; nothing is sealed anew", fsm.ErrBadChange, of, err)
		}
		return stored
	}
	password, next := again("the cluster's account", settings.Password), settings.Failover
	next.Password = again("the failover account", next.Password)
	next.ReplicationPassword = again("the replication account", next.ReplicationPassword)
	command := fsm.Reconfigure{ExpectRevision: &revision, Settings: fsm.ChangeSettings{Password: &password, Failover: &next}}
	for _, l := range node.Libraries().All() {
		if l.Account.Password != "" {
			l.Account.Password = again("library "+l.Name, l.Account.Password)
			command.Changes = append(command.Changes, fsm.SetAccount{Library: l.Name, Account: l.Account})
		}
	}
	if failed != nil {
		return failed
	}
	_, err = node.Reconfigure(ctx, command)
	return err
}

// rereadKeys looks whether the key file is another one, and tells what came of it.
func (d *daemon) rereadKeys() {
	changed, err := d.keys.Reread()
	if err != nil {
		said := err.Error()
		if before := d.keyTrouble.Swap(&said); before == nil || *before != said {
			d.logger.Warn("the keys of secrets stay what they were", zap.Error(err))
		}
		return
	}
	d.keyTrouble.Store(nil)
	if changed {
		d.logger.Info("keys of secrets read", zap.Strings("keys", d.keys.Ring().IDs()))
	}
}

// keysEvery is how often a node looks whether its key file is another one.
const keysEvery = 2 * time.Second

// watchKeys looks at the key file until ctx ends, and signals when there are other keys.
func (d *daemon) watchKeys(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	d.run(func() error {
		tick := time.NewTicker(keysEvery)
		defer tick.Stop()
		last := d.keys.Ring().IDs()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			// A request may have read the file first.
			if d.rereadKeys(); slices.Equal(last, d.keys.Ring().IDs()) {
				continue
			}
			last = d.keys.Ring().IDs()
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	})
	return changed
}

// lockedSecrets says which passwords this node cannot open, "" for none.
func (d *daemon) lockedSecrets(node *cluster.Node) string {
	known := d.secretsOf(node)
	if known == nil {
		return ""
	}
	return strings.Join(known.Locked, "; ")
}
