package admin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// Set makes the change one of the named setting, too, to a value in the words of
// commands and config files. Its error is for whoever wrote them.
func (c *SettingsChange) Set(name, value string) error {
	i := slices.IndexFunc(settable, func(s setting) bool { return s.name == name })
	if i < 0 {
		return fmt.Errorf("there is no setting %q that can be changed; %s can", name, SettableNames())
	}
	if err := settable[i].read(value, c); err != nil {
		return fmt.Errorf("%s %w", name, err)
	}
	return nil
}

// SettableNames lists the settings that Set knows, for people.
func SettableNames() string {
	names := make([]string, len(settable))
	for i, s := range settable {
		names[i] = s.name
	}
	return strings.Join(names, ", ")
}

// setting is one that can be changed.
type setting struct {
	name string
	read func(value string, into *SettingsChange) error
}

// settable are all of them. It is never changed.
var settable = []setting{
	{MaxShare, func(value string, into *SettingsChange) error {
		if _, ok := fsm.ParseShare(value); !ok {
			return fmt.Errorf("must be a number from 0.001 to 1 with at most three decimals, not %q", value)
		}
		into.MaxShare = json.Number(value)
		return nil
	}},
	{Balance, func(value string, into *SettingsChange) error {
		if _, ok := fsm.ParseBalance(value); !ok {
			return fmt.Errorf("must be one of %s, not %q", strings.Join(fsm.Balances(), ", "), value)
		}
		into.Balance = value
		return nil
	}},
	{FailoverWait, inSeconds(time.Hour, func(f *FailoverChange) **int64 { return &f.Wait })},
	{FailoverLease, inSeconds(fsm.MaxLease, func(f *FailoverChange) **int64 { return &f.Lease })},
	{FailoverCooldown, inSeconds(time.Hour, func(f *FailoverChange) **int64 { return &f.Cooldown })},
	{FailoverRequireFencing, func(value string, into *SettingsChange) error {
		if value != "true" && value != "false" {
			return fmt.Errorf("must be true or false, not %q", value)
		}
		failoverIn(into).RequireFencing = new(value == "true")
		return nil
	}},
}

// inSeconds reads a time in whole seconds, from one to most.
func inSeconds(most time.Duration, field func(*FailoverChange) **int64) func(string, *SettingsChange) error {
	return func(value string, into *SettingsChange) error {
		n, err := strconv.ParseInt(value, 10, 64)
		if limit := int64(most / time.Second); err != nil || n < 1 || n > limit {
			return fmt.Errorf("must be a whole number of seconds from 1 to %d, not %q", limit, value)
		}
		*field(failoverIn(into)) = &n
		return nil
	}
}

// failoverIn is the part of a change that concerns failover.
func failoverIn(change *SettingsChange) *FailoverChange {
	if change.Failover == nil {
		change.Failover = new(FailoverChange)
	}
	return change.Failover
}
