package daemon

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

// ChangeSettings implements admin.Node.
func (d *daemon) ChangeSettings(ctx context.Context, request admin.SettingsChange) error {
	node, err := d.running()
	if err != nil {
		return err
	}
	change, err := settingsChange(request)
	if err != nil {
		return err
	}
	if request.Failover != nil {
		_, err := d.reconfigureAnyway(ctx, node, admin.Configuration{Settings: request})
		return err
	}
	return node.ChangeSettings(ctx, change)
}

// CompareSettings implements admin.Node.
func (d *daemon) CompareSettings(_ context.Context, request admin.SettingsChange) (admin.SettingsDifference, error) {
	node, err := d.running()
	if err != nil {
		return admin.SettingsDifference{}, err
	}
	if _, err := settingsChange(request); err != nil {
		return admin.SettingsDifference{}, err
	}
	known := node.Settings()
	if known == nil {
		return admin.SettingsDifference{}, fsm.ErrNoSettings
	}
	return admin.SettingsDifference{Settings: settingsDifference(d.withClearFailover(*known), request)}, nil
}

// settingsDifference names the settings that the request would change.
func settingsDifference(now fsm.Settings, request admin.SettingsChange) []string {
	different := []string{}
	compare := func(name string, differs bool) {
		if differs {
			different = append(different, name)
		}
	}
	// A request that is none was refused before.
	if text := request.MaxShare.String(); text != "" {
		mille, _ := fsm.ParseShare(text)
		compare(admin.MaxShare, mille != now.MaxShareMille)
	}
	compare(admin.Balance, request.Balance != "" && request.Balance != now.Balance.String())
	if request.Failover == nil {
		return different
	}
	was, then := now.Failover, failoverChange(now.Failover, *request.Failover) // both in the clear
	compare(admin.FailoverWait, was.Wait != then.Wait)
	compare(admin.FailoverLease, was.Lease != then.Lease)
	compare(admin.FailoverCooldown, was.Cooldown != then.Cooldown)
	compare(admin.FailoverRequireFencing, was.RequireFencing != then.RequireFencing)
	compare(admin.FailoverUser, was.User != then.User)
	compare(admin.FailoverPassword, !sameSecret(was.Password, then.Password))
	compare(admin.FailoverReplicationUser, was.ReplicationUser != then.ReplicationUser)
	compare(admin.FailoverReplicationPassword, !sameSecret(was.ReplicationPassword, then.ReplicationPassword))
	return different
}

// sameSecret takes the same time wherever the two differ.
func sameSecret(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// settingsChange is the command of a request, but for the settings of failover.
func settingsChange(request admin.SettingsChange) (fsm.ChangeSettings, error) {
	var change fsm.ChangeSettings
	if text := request.MaxShare.String(); text != "" {
		mille, ok := fsm.ParseShare(text)
		if !ok {
			return change, fmt.Errorf("%w: max_share is a number from 0.001 to 1 with at most three decimals, not %s", admin.ErrBadRequest, text)
		}
		change.MaxShareMille = &mille
	}
	if request.Balance != "" {
		balance, ok := fsm.ParseBalance(request.Balance)
		if !ok {
			return change, fmt.Errorf("%w: balance is one of %s, not %q", admin.ErrBadRequest, strings.Join(fsm.Balances(), ", "), request.Balance)
		}
		change.Balance = &balance
	}
	return change, nil
}

// failoverChange is what the settings are after a request.
func failoverChange(now fsm.FailoverSettings, request admin.FailoverChange) fsm.FailoverSettings {
	for _, t := range []struct {
		wanted *int64
		into   *time.Duration
	}{{request.Wait, &now.Wait}, {request.Lease, &now.Lease}, {request.Cooldown, &now.Cooldown}} {
		if t.wanted != nil {
			*t.into = seconds(*t.wanted)
		}
	}
	if request.RequireFencing != nil {
		now.RequireFencing = *request.RequireFencing
	}
	if a := request.Account; a != nil {
		now.User, now.Password = a.User, string(a.Password)
	}
	if a := request.ReplicationAccount; a != nil {
		now.ReplicationUser, now.ReplicationPassword = a.User, string(a.Password)
	}
	return now
}

// maxSeconds is more than any setting may be.
const maxSeconds = 1 << 32

// seconds does not overflow: what is too much stays so.
func seconds(n int64) time.Duration {
	return time.Duration(max(-maxSeconds, min(n, maxSeconds))) * time.Second
}

// settings is nil while there are none.
func settings(s *fsm.Settings, data cluster.LibraryData) *admin.Settings {
	if s == nil {
		return nil
	}
	return &admin.Settings{
		User: s.User, Database: s.Database, DefaultLibrary: s.DefaultLibrary, DefaultCore: s.DefaultCore,
		UnusedForwardSessionTimeout: int64(s.UnusedForwardSessionTimeout / time.Second),
		MaxShare:                    json.Number(fsm.FormatShare(s.MaxShareMille)),
		Balance:                     s.Balance.String(),
		SizesUnknown:                data.Unknown,
		Failover: admin.FailoverSettings{
			Wait:            int64(s.Failover.Wait / time.Second),
			Lease:           int64(s.Failover.Lease / time.Second),
			Cooldown:        int64(s.Failover.Cooldown / time.Second),
			RequireFencing:  s.Failover.RequireFencing,
			User:            s.Failover.User,
			ReplicationUser: s.Failover.ReplicationUser,
		},
	}
}
