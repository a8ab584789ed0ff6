package hosts

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// harm is what has some links lose packets.
type harm struct {
	links []Link
	ports []int  // nil: all packets
	when  string // which of these are lost, for nft; "" is all
	delay bool   // these are sent again by a repeater
}

// Cut has the links lose every packet from now on, without a word to anybody. With
// ports, only packets of TCP and UDP from or to one of these are lost. What was cut
// before stays cut. All links are cut at the same moment.
func (n *Network) Cut(ctx context.Context, links []Link, ports ...int) error {
	_, err := n.Sever(ctx, links, ports...)
	return err
}

// Sever is Cut, and mend ends this cut alone: what others cut stays cut.
func (n *Network) Sever(ctx context.Context, links []Link, ports ...int) (mend Mend, err error) {
	return n.add(ctx, harm{links: links, ports: ports})
}

// Lose has the links lose that many packets of a hundred, at random, until mend.
func (n *Network) Lose(ctx context.Context, percent int, links []Link) (mend Mend, err error) {
	return n.add(ctx, harm{links: links, when: fmt.Sprintf("numgen random mod 100 < %d ", percent)})
}

// Narrow has each of the links lose what is more than so many KiB a second, until mend.
func (n *Network) Narrow(ctx context.Context, kib int, links []Link) (mend Mend, err error) {
	return n.add(ctx, harm{links: links, when: fmt.Sprintf("limit rate over %d kbytes/second ", kib)})
}

// Mend ends one harm. After Heal there is nothing left for it to do.
type Mend func(context.Context) error

// Heal ends all cuts and losses, at the same moment. A delay ends with its own mend
// only.
func (n *Network) Heal(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.apply(ctx, slices.DeleteFunc(slices.Clone(n.harms), func(h *harm) bool { return !h.delay }))
}

func (n *Network) add(ctx context.Context, h harm) (Mend, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.apply(ctx, append(slices.Clone(n.harms), &h)); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return n.end(ctx, &h) }, nil
}

func (n *Network) end(ctx context.Context, h *harm) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := slices.Index(n.harms, h)
	if at < 0 {
		return nil
	}
	return n.apply(ctx, slices.Delete(slices.Clone(n.harms), at, at+1))
}

// apply replaces the rules of the bridge. Packets that ask for the owner of an address
// pass: a sender is not told that its peer is gone.
// mu is held.
func (n *Network) apply(ctx context.Context, harms []*harm) error {
	const table = "table bridge cuts"
	var rules strings.Builder
	rules.WriteString(table + "\ndelete " + table + "\n" + table + " {\n chain forward {\n  type filter hook forward priority 0; policy accept;\n")
	// What a repeater sends again is not to be counted twice by the rules after.
	for _, delays := range []bool{true, false} {
		for _, h := range harms {
			if h.delay == delays {
				h.write(&rules)
			}
		}
	}
	rules.WriteString(" }\n}\n")
	if err := within(ctx, n.bridgeSpace(), rules.String(), "nft", "-f", "-"); err != nil {
		return fmt.Errorf("cut links: %w", err)
	}
	n.harms = harms
	return nil
}

// write writes the harm's rules.
func (h *harm) write(rules *strings.Builder) {
	for _, l := range h.links {
		way := fmt.Sprintf("iifname %q oifname %q ether type ip ", l.From.Name, l.To.Name)
		if h.ports == nil {
			rules.WriteString(way + h.when + "drop\n")
			continue
		}
		for _, end := range []string{"sport", "dport"} {
			fmt.Fprintf(rules, "%smeta l4proto { tcp, udp } th %s { %s } %sdrop\n", way, end, commas(h.ports), h.when)
		}
	}
}

func commas(ports []int) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strconv.Itoa(p)
	}
	return strings.Join(words, ", ")
}
