package reload

import (
	"fmt"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

// Failover is what the file says of the settings of failover, nil for nothing. A
// node has to tell which of them are different, since it shows nobody the passwords.
func Failover(f config.Failover) *admin.FailoverChange {
	if f.Named == (config.FailoverKeys{}) {
		return nil
	}
	change := new(admin.FailoverChange)
	for _, t := range []struct {
		named bool
		value time.Duration
		into  **int64
	}{
		{f.Named.Wait, f.Wait, &change.Wait},
		{f.Named.Lease, f.Lease, &change.Lease},
		{f.Named.Cooldown, f.Cooldown, &change.Cooldown},
	} {
		if t.named {
			*t.into = new(int64(t.value / time.Second))
		}
	}
	if f.Named.RequireFencing {
		change.RequireFencing = new(f.RequireFencing)
	}
	if f.Named.Account {
		change.Account = &admin.Account{User: f.User, Password: admin.Password(f.Password)}
	}
	if f.Named.ReplicationAccount {
		change.ReplicationAccount = &admin.Account{User: f.ReplicationUser, Password: admin.Password(f.ReplicationPassword)}
	}
	return change
}

// compareFailover says how the settings of failover change.
func (p *Plan) compareFailover(f config.Failover, s admin.FailoverSettings, different []string) {
	user := func(name string) string {
		if name == "" {
			return "none"
		}
		return name
	}
	lines := len(p.Lines)
	for _, v := range []struct {
		name      string
		now, then any
	}{
		{admin.FailoverWait, s.Wait, int64(f.Wait / time.Second)},
		{admin.FailoverLease, s.Lease, int64(f.Lease / time.Second)},
		{admin.FailoverCooldown, s.Cooldown, int64(f.Cooldown / time.Second)},
		{admin.FailoverRequireFencing, s.RequireFencing, f.RequireFencing},
		{admin.FailoverUser, user(s.User), user(f.User)},
		{admin.FailoverReplicationUser, user(s.ReplicationUser), user(f.ReplicationUser)},
	} {
		if slices.Contains(different, v.name) {
			p.Lines = append(p.Lines, fmt.Sprintf(changed+"%s %v -> %v", v.name, v.now, v.then))
		}
	}
	for _, secret := range []string{admin.FailoverPassword, admin.FailoverReplicationPassword} {
		if slices.Contains(different, secret) {
			p.Lines = append(p.Lines, changed+secret+" is another one")
		}
	}
	if len(p.Lines) > lines {
		p.Request.Settings.Failover = Failover(f)
	}
}
