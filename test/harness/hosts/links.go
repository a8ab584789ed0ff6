package hosts

import "slices"

// Link is the way of packets from one host to another. The way back is a link of
// its own.
type Link struct{ From, To *Host }

// OneWay are the links from hosts to hosts.
func OneWay(from, to []*Host) []Link {
	var links []Link
	for _, f := range from {
		for _, t := range to {
			if f != t {
				links = append(links, Link{f, t})
			}
		}
	}
	return links
}

// Between are the links of hosts with hosts, both ways.
func Between(a, b []*Host) []Link { return append(OneWay(a, b), OneWay(b, a)...) }

// Around are the links of hosts of a network with all others of it, both ways.
func (n *Network) Around(hosts ...*Host) []Link {
	return Between(hosts, without(n.Hosts, hosts))
}

// Split are the links between groups of hosts, both ways.
func Split(groups ...[]*Host) []Link {
	var links []Link
	for i, g := range groups {
		for _, other := range groups[i+1:] {
			links = append(links, Between(g, other)...)
		}
	}
	return links
}

// Halves are the two halves of hosts in their order; the second is the larger one
// if they are not equal.
func Halves(hosts []*Host) (smaller, larger []*Host) {
	return hosts[:len(hosts)/2], hosts[len(hosts)/2:]
}

// AroundBridge are the links without which hosts fall into two halves that only the
// host in the middle of them connects.
func AroundBridge(hosts []*Host) []Link {
	middle := len(hosts) / 2
	return Between(hosts[:middle], hosts[min(middle+1, len(hosts)):])
}

// MajorityRing are the links without which every host has a majority of the hosts
// around it, itself included, and no two of them the same one. That takes five hosts
// or more.
func MajorityRing(hosts []*Host) []Link {
	var links []Link
	reach := (len(hosts)/2 + 1) / 2 // to either side
	for i, h := range hosts {
		for k, other := range hosts {
			if apart := (k - i + len(hosts)) % len(hosts); apart > reach && len(hosts)-apart > reach {
				links = append(links, Link{h, other})
			}
		}
	}
	return links
}

func without(hosts, some []*Host) []*Host {
	return slices.DeleteFunc(slices.Clone(hosts), func(h *Host) bool { return slices.Contains(some, h) })
}
