package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// maxHostBytes is the longest host name that DNS allows.
const maxHostBytes = 253

// CheckAddress checks that s is "host:port" with an IP address or a host name
// and a port from 1 to 65535, and returns it in its usual spelling.
func CheckAddress(s string) (string, error) {
	host, portText, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("%q is not host:port", s)
	}
	if host == "" {
		return "", fmt.Errorf("%q has no host; 0.0.0.0:%s stands for every address of this machine", s, portText)
	}
	if err := checkHost(host); err != nil {
		return "", err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return "", fmt.Errorf("%q has no port from 1 to 65535", s)
	}
	return net.JoinHostPort(host, strconv.FormatUint(port, 10)), nil
}

// checkHost checks that s is an IP address or can be a host name.
func checkHost(s string) error {
	if _, err := netip.ParseAddr(s); err == nil {
		return nil
	}
	bad := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	}
	if s == "" || len(s) > maxHostBytes || strings.ContainsFunc(s, bad) || s[0] == '-' || s[0] == '.' {
		return fmt.Errorf("%q is neither an IP address nor a host name", s)
	}
	return nil
}

func joinPort(host string, port int64) string {
	return net.JoinHostPort(host, strconv.FormatInt(port, 10))
}

// overlap reports whether two listeners at these addresses get in each other's
// way: same port, and the same host or one of them every address.
func overlap(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB {
		return false
	}
	return hostA == hostB || everyAddress(hostA) || everyAddress(hostB)
}

// loopback is where only processes of the same machine reach a listener.
const loopback = "127.0.0.1"

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func everyAddress(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsUnspecified()
}

// Advertised returns the address under which others reach what listens at
// listen: listen itself for a loopback address; node.advertise if the file says
// so; otherwise listen itself or, when that is every address, the machine's first
// address that is not a loopback's.
func (c *Config) Advertised(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("address %q: %w", listen, err)
	}
	switch {
	case isLoopback(host):
	case c.Node.Advertise != "":
		host = c.Node.Advertise
	case everyAddress(host):
		if host, err = machineAddress(); err != nil {
			return "", fmt.Errorf("which address to tell others for %s: %w", listen, err)
		}
	}
	return net.JoinHostPort(host, port), nil
}

// machineAddress is the first address of the machine that others may reach,
// IPv4 before IPv6.
func machineAddress() (string, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	var v6 string
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil || !prefix.Addr().IsGlobalUnicast() {
			continue
		}
		if prefix.Addr().Is4() {
			return prefix.Addr().String(), nil
		}
		if v6 == "" {
			v6 = prefix.Addr().String()
		}
	}
	if v6 == "" {
		return "", errors.New("this machine has no address but loopback; set node.advertise")
	}
	return v6, nil
}

// Dialable returns the address at which a process of the same machine reaches
// what listens at listen.
func Dialable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || !everyAddress(host) {
		return listen
	}
	if strings.Contains(host, ":") {
		return net.JoinHostPort("::1", port)
	}
	return net.JoinHostPort(loopback, port)
}
