package hosts

import (
	"slices"
	"strings"
	"testing"
)

func five() []*Host {
	var hosts []*Host
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		hosts = append(hosts, &Host{Name: name})
	}
	return hosts
}

// words writes links as "ab ba", sorted.
func words(links []Link) string {
	var all []string
	for _, l := range links {
		all = append(all, l.From.Name+l.To.Name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestLinks(t *testing.T) {
	t.Parallel()
	h := five()
	smaller, larger := Halves(h)
	for _, c := range []struct {
		what string
		got  []Link
		want string
	}{
		{"one way", OneWay(h[:2], h[1:3]), "ab ac bc"},
		{"both ways", Between(h[:1], h[1:3]), "ab ac ba ca"},
		{"around one", (&Network{Hosts: h[:3]}).Around(h[1]), "ab ba bc cb"},
		{"three groups", Split(h[:1], h[1:2], h[2:3]), "ab ac ba bc ca cb"},
		{"halves", Split(smaller, larger), "ac ad ae bc bd be ca cb da db ea eb"},
		{"a bridge", AroundBridge(h), "ad ae bd be da db ea eb"},
		{"a majority ring of three", MajorityRing(h[:3]), ""},
		{"a majority ring of five", MajorityRing(h), "ac ad bd be ca ce da db eb ec"},
	} {
		if got := words(c.got); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}
