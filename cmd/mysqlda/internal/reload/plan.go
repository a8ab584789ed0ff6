// Package reload compares a config file with a cluster's libraries and settings
// and plans the changes that make them equal. It changes nothing.
package reload

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/fsm"
)

// Plan is what has to change.
type Plan struct {
	Request admin.LibraryChanges // to be sent as it is, unless Request.Changes is empty
	// Replacements are to be made after that, one after the other.
	Replacements []Replacement
	Settings     admin.SettingsChange // to be sent after that, unless it is zero
	Lines        []string             // the difference in plain words
	// Missing names the libraries that the cluster has and the file has not.
	// Libraries cannot be removed.
	Missing []string
}

// Replacement takes the active server away from a library. The request has put the
// new servers before it; Activate is to become the active one, and then Servers are
// the library's, without the old one.
type Replacement struct {
	Library  string
	Old      string   // address
	Activate string   // address
	Interim  []string // what Request has made of the library's servers
	Servers  []string
}

// Compare plans how the libraries and settings that status shows become those of
// the file. Weight, TLS and failover of a library that exists, and the settings, are
// left alone unless the file names them. Different names the settings of failover
// that are not as the file has them: see Failover.
func Compare(cfg *config.Config, status admin.Status, different []string) Plan {
	plan := Plan{Request: admin.LibraryChanges{ExpectVersion: status.RingVersion}}
	for _, f := range cfg.Forwards {
		i := slices.IndexFunc(status.Libraries, func(l admin.LibraryStatus) bool { return l.Name == f.Library })
		if i < 0 {
			plan.add(f)
			continue
		}
		plan.compare(f, status.Libraries[i])
	}
	for _, l := range status.Libraries {
		if !slices.ContainsFunc(cfg.Forwards, func(f config.Forward) bool { return f.Library == l.Name }) {
			plan.Missing = append(plan.Missing, l.Name)
		}
	}
	if status.Settings != nil {
		plan.compareSettings(cfg.Balancing, *status.Settings)
		plan.compareFailover(cfg.Failover, status.Settings.Failover, different)
	}
	return plan
}

func (p *Plan) add(f config.Forward) {
	what := fmt.Sprintf("is new: weight %d, servers %s", f.Weight, strings.Join(f.Servers, ", "))
	if f.TLS != fsm.TLSOff {
		what += ", TLS " + f.TLS.String()
	}
	if len(f.Servers) > 1 {
		what += ", failover " + admin.FailoverWords(f.Failover.Policy.String(), f.Failover.Failback)
	}
	p.change(admin.LibraryChange{
		Op: admin.AddLibrary, Library: f.Library, Weight: f.Weight, Servers: f.Servers, TLS: f.TLS.String(),
		Failover: f.Failover.Policy.String(), Failback: f.Failover.Failback,
	}, what)
}

func (p *Plan) compareSettings(b config.Balancing, s admin.Settings) {
	setting := func(name, now, then string) bool {
		if now == then {
			return false
		}
		p.Lines = append(p.Lines, fmt.Sprintf("%s %s becomes %s", name, now, then))
		return true
	}
	if share := fsm.FormatShare(b.MaxShareMille); b.HasMaxShare && setting("max_share", s.MaxShare.String(), share) {
		p.Settings.MaxShare = json.Number(share)
	}
	if b.HasBalance && setting("balance", s.Balance, b.Balance.String()) {
		p.Settings.Balance = b.Balance.String()
	}
}

func (p *Plan) compare(f config.Forward, l admin.LibraryStatus) {
	if f.HasWeight && f.Weight != l.Weight {
		p.change(admin.LibraryChange{Op: admin.SetWeight, Library: f.Library, Weight: f.Weight},
			fmt.Sprintf("weight %d becomes %d", l.Weight, f.Weight))
	}
	if f.HasTLS && f.TLS.String() != l.TLS {
		p.change(admin.LibraryChange{Op: admin.SetTLS, Library: f.Library, TLS: f.TLS.String()},
			fmt.Sprintf("TLS %s becomes %s", l.TLS, f.TLS))
	}
	if policy := f.Failover.Policy.String(); f.HasFailover && (policy != l.Failover || f.Failover.Failback != l.Failback) {
		p.change(admin.LibraryChange{Op: admin.SetFailover, Library: f.Library, Failover: policy, Failback: f.Failover.Failback},
			fmt.Sprintf("failover %s becomes %s", admin.FailoverWords(l.Failover, l.Failback), admin.FailoverWords(policy, f.Failover.Failback)))
	}
	p.compareServers(f, l)
}

func (p *Plan) compareServers(f config.Forward, l admin.LibraryStatus) {
	now := make([]string, 0, len(l.Servers))
	for _, s := range l.Servers {
		now = append(now, s.Address)
	}
	if slices.Equal(now, f.Servers) {
		return
	}
	what := serverDifference(now, f.Servers)
	if l.Active == "" || slices.Contains(f.Servers, l.Active) {
		if l.Active != "" {
			what += "; " + l.Active + " stays the active one"
		}
		p.change(admin.LibraryChange{Op: admin.SetServers, Library: f.Library, Servers: f.Servers}, what)
		return
	}
	r := Replacement{
		Library: f.Library, Old: l.Active, Activate: f.Servers[0],
		Interim: append(slices.Clone(f.Servers), l.Active), Servers: f.Servers,
	}
	p.change(admin.LibraryChange{Op: admin.SetServers, Library: f.Library, Servers: r.Interim}, what)
	p.Lines = append(p.Lines, fmt.Sprintf("library %s: %s is the active server, so it stays in the list until %s has become the active one (`mysqlda library activate %s %s`)",
		r.Library, r.Old, r.Activate, r.Library, r.Activate))
	p.Replacements = append(p.Replacements, r)
}

// serverDifference says how the list changes.
func serverDifference(now, then []string) string {
	var parts []string
	if added := without(then, now); added != nil {
		parts = append(parts, "new servers "+strings.Join(added, ", "))
	}
	if dropped := without(now, then); dropped != nil {
		parts = append(parts, "servers no longer used "+strings.Join(dropped, ", "))
	}
	parts = append(parts, "the order is "+strings.Join(then, ", "))
	return strings.Join(parts, "; ")
}

// without returns the elements of a that b lacks, nil if there are none.
func without(a, b []string) []string {
	var rest []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			rest = append(rest, s)
		}
	}
	return rest
}

func (p *Plan) change(c admin.LibraryChange, text string) {
	p.Request.Changes = append(p.Request.Changes, c)
	p.Lines = append(p.Lines, fmt.Sprintf("library %s: %s", c.Library, text))
}
