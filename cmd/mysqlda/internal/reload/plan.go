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
	// Request is to be sent as it is, unless it is Empty. It expects the revision
	// with which the file was compared.
	Request admin.Configuration
	// Replacements are to be made after that, one after the other.
	Replacements []Replacement
	// Lines are the difference: what is new after a +, what goes after a -, what
	// changes after a ~.
	Lines []string
	// Missing are the libraries that the cluster has and the file has not. Of those
	// that are empty Request removes the ones that may go: see Compare.
	Missing []Missing
}

// Empty tells whether there is nothing to send but Replacements.
func (p *Plan) Empty() bool {
	return len(p.Request.Changes) == 0 && p.Request.Settings == (admin.SettingsChange{})
}

// Missing is a library that a file lacks.
type Missing struct {
	Library    string
	Placements uint64 // how many core objects live there
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
// that are not as the file has them: see Failover. With remove, libraries that the file
// lacks are removed if they are empty.
func Compare(cfg *config.Config, status admin.Status, different []string, remove bool) Plan {
	plan := Plan{Request: admin.Configuration{ExpectRevision: &status.Revision}}
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
			plan.lack(l, remove)
		}
	}
	if status.Settings != nil {
		plan.compareSettings(cfg.Balancing, *status.Settings)
		plan.compareFailover(cfg.Failover, status.Settings.Failover, different)
	}
	return plan
}

func (p *Plan) lack(l admin.LibraryStatus, remove bool) {
	p.Missing = append(p.Missing, Missing{Library: l.Name, Placements: l.Placements})
	if remove && l.Placements == 0 {
		p.change(removed, admin.LibraryChange{Op: admin.RemoveLibrary, Library: l.Name}, "no core object lives there")
	}
}

func (p *Plan) add(f config.Forward) {
	what := fmt.Sprintf("weight %d, servers %s", f.Weight, strings.Join(f.Servers, ", "))
	if f.TLS != fsm.TLSOff {
		what += ", TLS " + f.TLS.String()
	}
	if len(f.Servers) > 1 {
		what += ", failover " + admin.FailoverWords(f.Failover.Policy.String(), f.Failover.Failback)
	}
	p.change(added, admin.LibraryChange{
		Op: admin.AddLibrary, Library: f.Library, Weight: f.Weight, Servers: f.Servers, TLS: f.TLS.String(),
		Failover: f.Failover.Policy.String(), Failback: f.Failover.Failback,
	}, what)
}

func (p *Plan) compareSettings(b config.Balancing, s admin.Settings) {
	setting := func(name, now, then string) bool {
		if now == then {
			return false
		}
		p.Lines = append(p.Lines, fmt.Sprintf(changed+"%s %s -> %s", name, now, then))
		return true
	}
	if share := fsm.FormatShare(b.MaxShareMille); b.HasMaxShare && setting("max_share", s.MaxShare.String(), share) {
		p.Request.Settings.MaxShare = json.Number(share)
	}
	if b.HasBalance && setting("balance", s.Balance, b.Balance.String()) {
		p.Request.Settings.Balance = b.Balance.String()
	}
}

func (p *Plan) compare(f config.Forward, l admin.LibraryStatus) {
	if f.HasWeight && f.Weight != l.Weight {
		p.change(changed, admin.LibraryChange{Op: admin.SetWeight, Library: f.Library, Weight: f.Weight},
			fmt.Sprintf("weight %d -> %d", l.Weight, f.Weight))
	}
	if f.HasTLS && f.TLS.String() != l.TLS {
		p.change(changed, admin.LibraryChange{Op: admin.SetTLS, Library: f.Library, TLS: f.TLS.String()},
			fmt.Sprintf("TLS %s -> %s", l.TLS, f.TLS))
	}
	if policy := f.Failover.Policy.String(); f.HasFailover && (policy != l.Failover || f.Failover.Failback != l.Failback) {
		p.change(changed, admin.LibraryChange{Op: admin.SetFailover, Library: f.Library, Failover: policy, Failback: f.Failover.Failback},
			fmt.Sprintf("failover %s -> %s", admin.FailoverWords(l.Failover, l.Failback), admin.FailoverWords(policy, f.Failover.Failback)))
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
	p.Lines = append(p.Lines, serverLines(f.Library, now, f.Servers)...)
	if l.Active == "" || slices.Contains(f.Servers, l.Active) {
		if l.Active != "" {
			p.Lines[len(p.Lines)-1] += "; " + l.Active + " stays the active one"
		}
		p.Request.Changes = append(p.Request.Changes, admin.LibraryChange{Op: admin.SetServers, Library: f.Library, Servers: f.Servers})
		return
	}
	r := Replacement{
		Library: f.Library, Old: l.Active, Activate: f.Servers[0],
		Interim: append(slices.Clone(f.Servers), l.Active), Servers: f.Servers,
	}
	// An earlier attempt may have come that far.
	if !slices.Equal(now, r.Interim) {
		p.Request.Changes = append(p.Request.Changes, admin.LibraryChange{Op: admin.SetServers, Library: f.Library, Servers: r.Interim})
	}
	p.Lines = append(p.Lines, libraryLine(changed, r.Library, fmt.Sprintf("active server %s -> %s; the old one stays in the list until its transactions are over", r.Old, r.Activate)))
	p.Replacements = append(p.Replacements, r)
}

func (p *Plan) change(sign string, c admin.LibraryChange, text string) {
	p.Request.Changes = append(p.Request.Changes, c)
	p.Lines = append(p.Lines, libraryLine(sign, c.Library, text))
}
