package fsm

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// shown writes libraries so that tests can be read: what is zero in most of them is
// left out.
func shown(list []Library) string {
	words := make([]string, len(list))
	for i, l := range list {
		var b strings.Builder
		fmt.Fprintf(&b, "{%d %s %s %d %s %s %s %d", l.ID, l.Name, l.State, l.Weight, shownServers(l.Servers), l.TLS, l.Active, l.ActiveEpoch)
		if l.Switch != nil {
			fmt.Fprintf(&b, " switch %+v", *l.Switch)
		}
		if l.Failover != (Failover{}) {
			fmt.Fprintf(&b, " failover %+v", l.Failover)
		}
		if l.Pinned {
			b.WriteString(" pinned")
		}
		if l.MayFailOverSince != 0 {
			fmt.Fprintf(&b, " since %d", l.MayFailOverSince)
		}
		if l.Guarded {
			b.WriteString(" guarded")
		}
		words[i] = b.String() + "}"
	}
	return fmt.Sprint(words)
}

func shownServers(list []Server) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = s.Address
		if s != (Server{Address: s.Address}) {
			words[i] = fmt.Sprintf("%+v", s)
		}
	}
	return fmt.Sprint(words)
}

// sameLibraries compares all of them.
func sameLibraries(a, b []Library) bool {
	return slices.EqualFunc(a, b, func(a, b Library) bool { return reflect.DeepEqual(a, b) })
}
