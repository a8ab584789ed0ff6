package fsm

import (
	"fmt"

	"github.com/mysqlda/mysqlda/fsm/seal"
)

// checkSecret reports whether a password of the state, which may be sealed, has a
// length that is allowed. That it can be opened is not looked at: nothing in the state
// depends on it. The error wraps ErrBadChange.
func checkSecret(what, secret string) error {
	limit := MaxCredentialLen
	if seal.IsSealed(secret) {
		limit = seal.MaxSealedLen
	}
	if len(secret) > limit {
		return fmt.Errorf("%w: %s has %d bytes, at most %d are allowed", ErrBadChange, what, len(secret), limit)
	}
	return nil
}

// Secret is a password that the state holds, sealed or not.
type Secret struct {
	Of     string // whose it is, for people
	Stored string // as it is in the state: it must not be logged or shown
}

// String implements fmt.Stringer. It does not tell the password.
func (s Secret) String() string { return s.Of }

// GoString implements fmt.GoStringer, as String.
func (s Secret) GoString() string { return s.Of }

// Secrets returns all passwords that are not empty.
func Secrets(s *Settings, set *LibrarySet) []Secret {
	list := []Secret{
		{"the cluster's account " + s.User, s.Password},
		{"the failover account " + s.Failover.User, s.Failover.Password},
		{"the replication account " + s.Failover.ReplicationUser, s.Failover.ReplicationPassword},
	}
	for _, l := range set.All() {
		list = append(list, Secret{fmt.Sprintf("account %s of library %s", l.Account.User, l.Name), l.Account.Password})
	}
	var kept []Secret
	for _, secret := range list {
		if secret.Stored != "" {
			kept = append(kept, secret)
		}
	}
	return kept
}
