package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Network is a number of hosts and the bridge between them. Its methods may be
// called from any goroutine.
type Network struct {
	Hosts  []*Host // in the order of New
	number int
	lock   net.Listener // holds the number

	mu    sync.Mutex
	harms []*harm // guarded by mu
}

// MaxHosts bounds the hosts of one network.
const MaxHosts = 64

// hostName is what a host may be called: it becomes part of names of the kernel's.
var hostName = regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`)

// Names of our own.
const (
	bridge = "bridge" // the bridge, and the namespace that it is in
	parent = "parent" // its end of the link to this process
	inside = "eth0"   // a host's only link
)

// reserved are names that no host may have: the bridge's namespace has links of them.
var reserved = []string{bridge, parent, "lo"}

// New makes hosts of those names. Close removes them.
func New(ctx context.Context, names ...string) (*Network, error) {
	if err := checkNames(names); err != nil {
		return nil, err
	}
	if err := Available(); err != nil {
		return nil, err
	}
	if err := sweep(ctx); err != nil {
		return nil, err
	}
	number, lock, err := claim()
	if err != nil {
		return nil, err
	}
	n := &Network{number: number, lock: lock}
	for i, name := range names {
		n.Hosts = append(n.Hosts, &Host{Name: name, IP: address(number, i+1), namespace: namespace(number, name)})
	}
	if err := n.build(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func checkNames(names []string) error {
	if len(names) == 0 || len(names) > MaxHosts {
		return fmt.Errorf("a network has 1 to %d hosts, not %d", MaxHosts, len(names))
	}
	for i, name := range names {
		switch {
		case !hostName.MatchString(name) || slices.Contains(reserved, name):
			return fmt.Errorf("a host cannot be called %q", name)
		case slices.Contains(names[:i], name):
			return fmt.Errorf("two hosts are called %q", name)
		}
	}
	return nil
}

// Host returns the host of that name; nil if there is none.
func (n *Network) Host(name string) *Host {
	for _, h := range n.Hosts {
		if h.Name == name {
			return h
		}
	}
	return nil
}

// build makes the namespaces and connects them.
func (n *Network) build(ctx context.Context) error {
	spaces := []string{"netns add " + n.bridgeSpace()}
	links := []string{
		"link add name " + bridge + " type bridge stp_state 0 forward_delay 0",
		"link set dev " + bridge + " up",
	}
	for _, h := range n.Hosts {
		spaces = append(spaces, "netns add "+h.namespace)
		links = append(
			links,
			fmt.Sprintf("link add name %s type veth peer name %s netns %s", h.Name, inside, h.namespace),
			fmt.Sprintf("link set dev %s master %s up", h.Name, bridge),
		)
	}
	if err := ip(ctx, "", spaces...); err != nil {
		return err
	}
	if err := ip(ctx, n.bridgeSpace(), links...); err != nil {
		return err
	}
	for _, h := range n.Hosts {
		if err := ip(ctx, h.namespace, "link set dev lo up", addressOf(h.IP, inside), "link set dev "+inside+" up"); err != nil {
			return err
		}
	}
	err := ip(
		ctx, "",
		fmt.Sprintf("link add name %s type veth peer name %s netns %s", n.parentLink(), parent, n.bridgeSpace()),
		addressOf(address(n.number, parentPlace), n.parentLink()),
		"link set dev "+n.parentLink()+" up",
	)
	if err != nil {
		return err
	}
	return ip(ctx, n.bridgeSpace(), fmt.Sprintf("link set dev %s master %s up", parent, bridge))
}

func addressOf(ip, link string) string { return fmt.Sprintf("addr add %s/24 dev %s", ip, link) }

// Close removes the hosts. Processes inside must have ended.
func (n *Network) Close() error {
	// Not the caller's context: what was made has to go in any case.
	return errors.Join(remove(context.Background(), n.number), n.lock.Close())
}

func (n *Network) bridgeSpace() string { return namespace(n.number, bridge) }
func (n *Network) parentLink() string  { return parentLink(n.number) }

// prefix begins the names of everything that this package makes.
const prefix = "mysqlda"

func namespace(number int, name string) string { return fmt.Sprintf("%s-%d-%s", prefix, number, name) }
func parentLink(number int) string             { return prefix + strconv.Itoa(number) }

// namespaces is where ip keeps the names of namespaces.
const namespaces = "/run/netns"

// remove removes everything that a network of that number is made of, as far as it
// is there.
func remove(ctx context.Context, number int) error {
	var errs []error
	// The kernel removes links of a namespace some time after the namespace; the one
	// that leads out has to be gone before its name is used again.
	if _, err := net.InterfaceByName(parentLink(number)); err == nil {
		errs = append(errs, ip(ctx, "", "link del dev "+parentLink(number)))
	}
	left, err := filepath.Glob(filepath.Join(namespaces, namespace(number, "*")))
	errs = append(errs, err)
	for _, path := range left {
		errs = append(errs, ip(ctx, "", "netns del "+filepath.Base(path)))
	}
	return errors.Join(errs...)
}

// sweep removes the networks of processes that are no more.
func sweep(ctx context.Context) error {
	paths, err := filepath.Glob(filepath.Join(namespaces, prefix+"-*-*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range paths {
		number, err := strconv.Atoi(strings.Split(filepath.Base(path), "-")[1])
		if err != nil {
			continue // not one of ours
		}
		lock, err := hold(number)
		if err != nil {
			continue // its process lives
		}
		errs = append(errs, remove(ctx, number), lock.Close())
	}
	return errors.Join(errs...)
}
