package hosts

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// cut is a link that loses packets.
type cut struct {
	link  Link
	ports []int // nil: all packets
}

// Cut has the links lose every packet from now on, without a word to anybody. With
// ports, only packets of TCP and UDP from or to one of these are lost. What was cut
// before stays cut. All links are cut at the same moment.
func (n *Network) Cut(ctx context.Context, links []Link, ports ...int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	cuts := n.cuts
	for _, l := range links {
		cuts = append(cuts, cut{l, ports})
	}
	return n.apply(ctx, cuts)
}

// Heal ends all cuts, at the same moment.
func (n *Network) Heal(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.apply(ctx, nil)
}

// apply replaces the rules of the bridge. Packets that ask for the owner of an address
// pass: a sender is not told that its peer is gone.
// mu is held.
func (n *Network) apply(ctx context.Context, cuts []cut) error {
	const table = "table bridge cuts"
	var rules strings.Builder
	rules.WriteString(table + "\ndelete " + table + "\n" + table + " {\n chain forward {\n  type filter hook forward priority 0; policy accept;\n")
	for _, c := range cuts {
		way := fmt.Sprintf("iifname %q oifname %q ", c.link.From.Name, c.link.To.Name)
		if c.ports == nil {
			rules.WriteString(way + "ether type ip drop\n")
			continue
		}
		for _, end := range []string{"sport", "dport"} {
			fmt.Fprintf(&rules, "%sether type ip meta l4proto { tcp, udp } th %s { %s } drop\n", way, end, commas(c.ports))
		}
	}
	rules.WriteString(" }\n}\n")
	if err := within(ctx, n.bridgeSpace(), rules.String(), "nft", "-f", "-"); err != nil {
		return fmt.Errorf("cut links: %w", err)
	}
	n.cuts = cuts
	return nil
}

func commas(ports []int) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strconv.Itoa(p)
	}
	return strings.Join(words, ", ")
}
