package hosts

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The kernel's own way to slow a link down, netem, is missing from many kernels. So
// the bridge loses what goes over the link, and a repeater on the sending host sends
// the same packets some time later. It marks them by their sender's hardware address,
// which is all that the bridge tells them by, and nobody else looks at. Whatever else
// harms the link harms the repeated packets too.

// repeatedMark is how repeated packets differ: the first byte of the hardware address
// that they come from. Addresses of hosts never have it, see repeater.open.
const repeatedMark = 0x0a

const (
	maxHeld    = 4096      // packets under way over one slow link; what is more is lost
	frameBytes = 128 << 10 // packets may be larger than the link's: the kernel cuts them late
	headBytes  = 10        // what the kernel says of a packet before it: struct virtio_net_hdr
	etherBytes = 14        // where to (6), where from (6), what (2)
)

// Delay has packets take longer over the links, by delay and up to jitter more, in
// their order, until mend. random tells the jitter; it is used until mend returns.
func (n *Network) Delay(ctx context.Context, links []Link, delay, jitter time.Duration, random *rand.Rand) (mend Mend, err error) {
	var repeaters []*repeater
	stop := func() error {
		var errs []error
		for _, r := range repeaters {
			errs = append(errs, r.close())
		}
		return errors.Join(errs...)
	}
	for _, l := range links {
		r, err := repeat(l, delay, jitter, rand.New(rand.NewPCG(random.Uint64(), random.Uint64())))
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		repeaters = append(repeaters, r)
	}
	// From here on the bridge loses what the repeaters did not send.
	only, err := n.add(ctx, harm{links: links, when: fmt.Sprintf("ether saddr & ff:00:00:00:00:00 != %02x:00:00:00:00:00 ", repeatedMark), first: true})
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return func(ctx context.Context) error { return errors.Join(only(ctx), stop()) }, nil
}

// repeater sends the packets of one link again.
type repeater struct {
	link   Link
	socket *os.File
	held   chan frame
	done   chan error // of each goroutine
}

// frame is a packet that is under way.
type frame struct {
	bytes []byte
	due   time.Time
}

// repeat starts repeating what goes over a link.
func repeat(l Link, delay, jitter time.Duration, random *rand.Rand) (*repeater, error) {
	to, err := l.To.hardware()
	if err != nil {
		return nil, err
	}
	r := &repeater{link: l, held: make(chan frame, maxHeld), done: make(chan error, 2)}
	if err := l.From.Within(r.open); err != nil {
		return nil, fmt.Errorf("slow the link from %s to %s down: %w", l.From.Name, l.To.Name, err)
	}
	go func() { r.done <- r.receive(to, delay, jitter, random) }()
	go func() { r.done <- r.send() }()
	return r, nil
}

// hardware is the host's hardware address.
func (h *Host) hardware() (address net.HardwareAddr, err error) {
	err = h.Within(func() error {
		link, err := net.InterfaceByName(inside)
		if err == nil {
			address = link.HardwareAddr
		}
		return err
	})
	return address, err
}
