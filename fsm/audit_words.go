package fsm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
	"github.com/mysqlda/mysqlda/fsm/seal"
)

// words says in one line what a command has changed; "" for nothing that is worth
// a note.
func (s *state) words(c *fsmpb.Command, was before, r Result) string {
	switch body := c.GetBody().(type) {
	case *fsmpb.Command_ChangeLibraries:
		return changesWords(body.ChangeLibraries.GetChanges(), was.libraries)
	case *fsmpb.Command_Reconfigure:
		words := []string{changesWords(body.Reconfigure.GetChanges(), was.libraries), settingsWords(was.settings, s.settings.Load())}
		return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), "; ")
	case *fsmpb.Command_ChangeSettings:
		return settingsWords(was.settings, s.settings.Load())
	case *fsmpb.Command_Bootstrap:
		return bootstrapWords(s.libraries.Load())
	case *fsmpb.Command_PutUser:
		name := body.PutUser.GetUser().GetName()
		return userWords(was.users.Named(name), s.users.Load().Named(name))
	case *fsmpb.Command_RemoveUser:
		return fmt.Sprintf("user %s: removed", body.RemoveUser.GetName())
	case *fsmpb.Command_SetNode:
		node := nodeFromLog(body.SetNode.GetNode())
		if _, known := was.nodes.find(node.ID); known {
			return ""
		}
		return fmt.Sprintf("node %s joined, at %s", node.ID, node.Cluster)
	case *fsmpb.Command_RemoveNode:
		return "node " + body.RemoveNode.GetId() + " removed"
	case *fsmpb.Command_Import:
		if r.Import.Added == 0 {
			return ""
		}
		return importWords(r.Import.Added)
	default:
		return switchWords(c, was.libraries)
	}
}

func importWords(records uint64) string { return fmt.Sprintf("import: records added: %d", records) }

func bootstrapWords(set *LibrarySet) string {
	var names []string
	for _, l := range set.All() {
		names = append(names, l.Name)
	}
	if names == nil {
		return "cluster made, without libraries"
	}
	return "cluster made, with libraries " + strings.Join(names, ", ")
}

// changesWords describes changes of libraries that were made to set.
func changesWords(changes []*fsmpb.LibraryChange, set *LibrarySet) string {
	words := make([]string, len(changes))
	for i, change := range changes {
		words[i] = changeWords(libraryChangeFromProto(change), set)
	}
	return strings.Join(words, "; ")
}

func changeWords(change LibraryChange, set *LibrarySet) string {
	// A library that the same command has added is not in the set.
	was := func(name string) Library {
		if l := set.ByName(name); l != nil {
			return *l
		}
		return Library{}
	}
	switch c := change.(type) {
	case AddLibrary:
		return fmt.Sprintf("library %s: added, weight %d, servers %s, TLS %s, failover %s", c.Name, c.Weight, addresses(c.Servers), c.TLS, failoverWords(c.Failover))
	case SetWeight:
		return fmt.Sprintf("library %s: weight %d -> %d", c.Library, was(c.Library).Weight, c.Weight)
	case SetState:
		return fmt.Sprintf("library %s: %s -> %s", c.Library, was(c.Library).State, c.State)
	case SetServers:
		return fmt.Sprintf("library %s: servers %s -> %s", c.Library, addresses(was(c.Library).Servers), addresses(c.Servers))
	case SetTLS:
		return fmt.Sprintf("library %s: TLS %s -> %s", c.Library, was(c.Library).TLS, c.TLS)
	case SetFailover:
		return fmt.Sprintf("library %s: failover %s -> %s", c.Library, failoverWords(was(c.Library).Failover), failoverWords(c.Failover))
	case SetAccount:
		if was := was(c.Library).Account; c.Account.User != "" && was.User == c.Account.User {
			return fmt.Sprintf("library %s: another password of its account %s", c.Library, quoted(was.User))
		}
		return fmt.Sprintf("library %s: account of its own %s -> %s", c.Library, quoted(was(c.Library).Account.User), quoted(c.Account.User))
	case SetPinned:
		return fmt.Sprintf("library %s: pinned %s -> %s", c.Library, onOff(was(c.Library).Pinned), onOff(c.Pinned))
	case SetMaintenance:
		return fmt.Sprintf("library %s: server %s: maintenance %s", c.Library, c.Server, onOff(c.Maintenance))
	case RemoveLibrary:
		return fmt.Sprintf("library %s: removed", c.Library)
	default:
		return "a change of an unknown kind"
	}
}

func failoverWords(f Failover) string {
	if f.Failback {
		return f.Policy.String() + " with failback"
	}
	return f.Policy.String()
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func addresses(list []Server) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = s.Address
	}
	return strings.Join(words, ",")
}

// settingsWords names what is different. Neither is nil.
func settingsWords(was, is *Settings) string {
	var words []string
	differ := func(name string, was, is any) {
		if was != is {
			words = append(words, fmt.Sprintf("%s %v -> %v", name, was, is))
		}
	}
	differ("max_share", FormatShare(was.MaxShareMille), FormatShare(is.MaxShareMille))
	differ("balance", was.Balance, is.Balance)
	a, b := was.Failover, is.Failover
	differ("failover.wait", a.Wait, b.Wait)
	differ("failover.lease", a.Lease, b.Lease)
	differ("failover.cooldown", a.Cooldown, b.Cooldown)
	differ("failover.require_fencing", a.RequireFencing, b.RequireFencing)
	differ("failover.user", quoted(a.User), quoted(b.User))
	differ("failover.replication_user", quoted(a.ReplicationUser), quoted(b.ReplicationUser))
	for _, p := range []struct{ name, was, is string }{
		{"auth.pass", was.Password, is.Password},
		{"failover.pass", a.Password, b.Password},
		{"failover.replication_pass", a.ReplicationPassword, b.ReplicationPassword},
	} {
		switch {
		case p.was == p.is:
		case seal.IsSealed(p.is): // with the same password that is another text, too
			words = append(words, p.name+" is sealed anew")
		default:
			words = append(words, p.name+" is another one")
		}
	}
	if words == nil {
		return ""
	}
	return "settings: " + strings.Join(words, "; ")
}

// quoted keeps an account's name apart from the rest of a line.
func quoted(name string) string {
	if name == "" {
		return "none"
	}
	return "'" + name + "'"
}

// switchWords describes the beginning, the end and the turns of a switch. The
// command was carried out, so the library is there.
func switchWords(c *fsmpb.Command, set *LibrarySet) string {
	switch body := c.GetBody().(type) {
	case *fsmpb.Command_BeginSwitch:
		b := beginSwitchFromLog(body.BeginSwitch)
		l := set.ByID(b.Library)
		words := fmt.Sprintf("library %s: server %s gives way", l.Name, l.Active)
		if b.To != "" {
			words += " to " + b.To
		}
		words += ", " + b.Cause.String()
		if b.Forced {
			words += ", by force"
		}
		if b.Reason != "" {
			words += ": " + b.Reason
		}
		return words
	case *fsmpb.Command_AdvanceSwitch:
		a := advanceSwitchFromLog(body.AdvanceSwitch)
		l := set.ByID(a.Library)
		switch {
		case a.Next == SwitchActive:
			return fmt.Sprintf("library %s: server %s is the active one, after %s", l.Name, l.Switch.To, l.Switch.From)
		case a.Next == a.At && (a.To != "" && a.To != l.Switch.To || a.Forced && !l.Switch.Forced):
			words := fmt.Sprintf("library %s: the switch under way goes to %s", l.Name, cmp.Or(a.To, l.Switch.To, "a server to be chosen"))
			if a.Forced {
				words += ", by force"
			}
			return words
		}
		return ""
	case *fsmpb.Command_CancelSwitch:
		l := set.ByID(LibraryID(body.CancelSwitch.GetLibrary()))
		return fmt.Sprintf("library %s: server %s stays the active one, the switch is given up", l.Name, l.Switch.From)
	default:
		return ""
	}
}
