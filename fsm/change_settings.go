package fsm

import (
	"fmt"
	"strings"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// ChangeSettings is the command that changes settings of a running cluster: all
// that it names, or none. The result's error wraps ErrBadChange.
type ChangeSettings struct {
	MaxShareMille *uint32 // 1 to 1000; nil leaves it as it is
	Balance       *Balance
	// Failover replaces all of them, so none is left out: see WithDefaults. The lease
	// cannot become shorter.
	Failover *FailoverSettings
	// Password is that of the settings' account. It is refused while the account is a
	// client user, whose password would be another one with it.
	Password *string
}

// Check reports whether every value is allowed by itself. The error wraps
// ErrBadChange.
func (c ChangeSettings) Check() error {
	if c == (ChangeSettings{}) {
		return fmt.Errorf("%w: no setting is named", ErrBadChange)
	}
	if c.MaxShareMille != nil {
		if n := *c.MaxShareMille; n < minMaxShareMille || n > maxMaxShareMille {
			return fmt.Errorf("%w: max_share is %d thousandths, %d to %d are allowed", ErrBadChange, n, minMaxShareMille, maxMaxShareMille)
		}
	}
	if c.Balance != nil {
		if err := checkBalance(*c.Balance); err != nil {
			return err
		}
	}
	if c.Password != nil {
		if err := checkSecret("the password", *c.Password); err != nil {
			return err
		}
	}
	if c.Failover != nil {
		return c.Failover.check()
	}
	return nil
}

func checkBalance(b Balance) error {
	if int(b) >= len(balances) {
		return fmt.Errorf("%w: balance is one of %s", ErrBadChange, strings.Join(balances[:], ", "))
	}
	return nil
}

// Encode checks the command and gives its log entry.
func (c ChangeSettings) Encode() ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_ChangeSettings{ChangeSettings: c.Proto()}})
}

// Proto gives the command's form for the log and for forwarding.
func (c ChangeSettings) Proto() *fsmpb.ChangeSettings {
	p := &fsmpb.ChangeSettings{MaxShareMille: c.MaxShareMille, Password: c.Password}
	if c.Balance != nil {
		p.Balance = fsmpb.Balance(*c.Balance).Enum()
	}
	if c.Failover != nil {
		p.Failover = failoverSettingsProto(*c.Failover)
	}
	return p
}

// ChangeSettingsFromProto reads a forwarded command and checks it.
func ChangeSettingsFromProto(p *fsmpb.ChangeSettings) (ChangeSettings, error) {
	var c ChangeSettings
	if p != nil {
		c.MaxShareMille, c.Password = p.MaxShareMille, p.Password
		if p.Balance != nil {
			balance := balanceFromProto(*p.Balance)
			c.Balance = &balance
		}
		if p.Failover != nil {
			failover := failoverSettingsFromProto(p.Failover)
			c.Failover = &failover
		}
	}
	if err := c.Check(); err != nil {
		return ChangeSettings{}, err
	}
	return c, nil
}

// changeSettings publishes changed settings, or returns why it did not.
func (s *state) changeSettings(p *fsmpb.ChangeSettings) error {
	next, err := s.settingsAfter(p)
	if err != nil {
		return err
	}
	s.settings.Store(next)
	return nil
}

// settingsAfter is what a command makes of the settings.
func (s *state) settingsAfter(p *fsmpb.ChangeSettings) (*Settings, error) {
	current := s.settings.Load()
	if current == nil {
		return nil, fmt.Errorf("%w: the cluster is not bootstrapped yet", ErrBadChange)
	}
	c, err := ChangeSettingsFromProto(p)
	if err != nil {
		return nil, err
	}
	next := *current
	if c.MaxShareMille != nil {
		next.MaxShareMille = *c.MaxShareMille
	}
	if c.Balance != nil {
		next.Balance = *c.Balance
	}
	if c.Password != nil {
		if s.users.Load().AccountIsUser() {
			return nil, fmt.Errorf("%w: %s is a client user by itself, with the password that is to be changed; change the user first (`mysqlda user passwd`)", ErrBadChange, current.User)
		}
		next.Password = *c.Password
	}
	if c.Failover != nil {
		if c.Failover.Lease < current.Failover.Lease {
			return nil, fmt.Errorf("%w: failover.lease is %s and cannot become shorter, as %s: nodes may hold leases of that length", ErrBadChange, current.Failover.Lease, c.Failover.Lease)
		}
		next.Failover = *c.Failover
	}
	if err := next.checkBalancing(); err != nil {
		return nil, err
	}
	return &next, nil
}

// checkBalancing reports whether balancing can work with the other settings.
func (s *Settings) checkBalancing() error {
	if s.MaxShareMille > maxMaxShareMille {
		return fmt.Errorf("%w: the largest share of new core objects is %d thousandths, at most %d are allowed", ErrBadChange, s.MaxShareMille, maxMaxShareMille)
	}
	if s.Balance == BalanceData && s.Database == "" {
		return fmt.Errorf("%w: balancing by data goes by the size of the default database, and the cluster has none (auth.db)", ErrBadChange)
	}
	return checkBalance(s.Balance)
}
