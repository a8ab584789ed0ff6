package hosts

import (
	"bytes"
	"context"
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
// the same packets again some time later. They are marked by the hardware address
// that they say they come from: the bridge tells them by it, and nobody else looks at
// it. Whatever else harms the link harms the repeated packets.

// repeated is the hardware address that repeated packets come from.
var repeated = net.HardwareAddr{0x06, 'd', 'e', 'l', 'a', 'y'}

const (
	maxHeld    = 4096      // packets under way over one slow link; what is more is lost
	frameBytes = 128 << 10 // packets may be larger than the link's: the kernel cuts them late
	bufferSize = 4 << 20   // of what the kernel keeps for a repeater
	headBytes  = 10        // what the kernel says of a packet before it: struct virtio_net_hdr
	toAt       = headBytes // of an Ethernet frame: 6 bytes to, 6 bytes from, 2 bytes what
	fromAt     = toAt + 6
	whatAt     = fromAt + 6
	bodyAt     = whatAt + 2
)

// Delay has packets take longer over the links, by delay and up to jitter more, in
// their order, until mend. What is under way then is lost, and some packets may arrive
// twice when it begins and ends. It draws from random before it returns only.
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
			return nil, errors.Join(fmt.Errorf("slow the link from %s to %s down: %w", l.From.Name, l.To.Name, err), stop())
		}
		repeaters = append(repeaters, r)
	}
	originals, err := n.add(ctx, harm{links: links, when: fmt.Sprintf("ether saddr != %s ", repeated), delay: true})
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return func(ctx context.Context) error { return errors.Join(originals(ctx), stop()) }, nil
}

// repeater sends the packets of one link again.
type repeater struct {
	from, to net.HardwareAddr
	socket   *os.File
	held     chan frame
	ended    chan struct{}
	results  chan error // of both goroutines
}

// frame is a packet that is under way, with what the kernel says of it before it.
type frame struct {
	bytes []byte
	due   time.Time
}

// repeat starts repeating what goes over a link.
func repeat(l Link, delay, jitter time.Duration, random *rand.Rand) (*repeater, error) {
	r := &repeater{held: make(chan frame, maxHeld), ended: make(chan struct{}), results: make(chan error, 2)}
	err := l.To.Within(func() error {
		link, err := net.InterfaceByName(inside)
		if err == nil {
			r.to = link.HardwareAddr
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := l.From.Within(r.open); err != nil {
		return nil, err
	}
	go func() { r.results <- r.receive(delay, jitter, random) }()
	go func() { r.results <- r.send() }()
	return r, nil
}

// open opens a socket that gets all packets of the host that this thread is on, and
// sends packets as they are.
func (r *repeater) open() error {
	link, err := net.InterfaceByName(inside)
	if err != nil {
		return err
	}
	r.from = link.HardwareAddr
	all := uint16(unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8) // in the network's byte order
	// Without a protocol it gets nothing before it is bound to the one link.
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	err = errors.Join(
		// Packets have no checksums yet and may be longer than a link takes: the kernel
		// does that last, and has to be told again what it said.
		unix.SetsockoptInt(socket, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1),
		unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bufferSize),
		unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, bufferSize),
		unix.Bind(socket, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Index}),
	)
	r.socket = os.NewFile(uintptr(socket), "packets of "+inside)
	if err != nil {
		return errors.Join(fmt.Errorf("open a socket for packets: %w", err), r.socket.Close())
	}
	return nil
}

// receive takes in the link's packets until the socket is closed.
func (r *repeater) receive(delay, jitter time.Duration, random *rand.Rand) error {
	defer close(r.held)
	buffer := make([]byte, frameBytes)
	var last time.Time
	for {
		length, err := r.socket.Read(buffer)
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case err != nil:
			return fmt.Errorf("receive packets: %w", err)
		case !r.ours(buffer[:length]):
			continue
		}
		due := time.Now().Add(delay + time.Duration(random.Int64N(int64(jitter)+1)))
		if due.Before(last) {
			due = last
		}
		last = due
		select {
		case r.held <- frame{bytes.Clone(buffer[:length]), due}:
		default: // a link that is slow for so many packets loses some
		}
	}
}

// ours tells whether it is a packet of IPv4 that goes over the link.
func (r *repeater) ours(b []byte) bool {
	return len(b) > bodyAt && bytes.Equal(b[toAt:fromAt], r.to) && bytes.Equal(b[fromAt:whatAt], r.from) &&
		b[whatAt] == unix.ETH_P_IP>>8 && b[whatAt+1] == unix.ETH_P_IP&0xff
}

// send sends each packet when it is due, until the repeater is closed. Its error is
// the first one of sending.
func (r *repeater) send() error {
	var first error
	timer := time.NewTimer(0)
	defer timer.Stop()
	for f := range r.held {
		timer.Reset(time.Until(f.due))
		select {
		case <-r.ended:
			return first
		case <-timer.C:
		}
		copy(f.bytes[fromAt:], repeated)
		_, err := r.socket.Write(f.bytes)
		if err != nil && first == nil && !errors.Is(err, os.ErrClosed) && !errors.Is(err, unix.ENOBUFS) {
			first = fmt.Errorf("send a packet of %d bytes again: %w", len(f.bytes), err)
		}
	}
	return first
}

// close ends repeating. It may be called once.
func (r *repeater) close() error {
	close(r.ended)
	return errors.Join(r.socket.Close(), <-r.results, <-r.results)
}
