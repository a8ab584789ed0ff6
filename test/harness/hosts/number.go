package hosts

import (
	"errors"
	"fmt"
	"net"
)

// Networks are numbered. The number tells their names and their addresses: network
// n has a 24-bit network out of 198.18.0.0/15, which is set aside for tests of
// networks and routed nowhere.
const (
	networks    = 512
	parentPlace = 254 // of this process in a network
)

func address(number, place int) string {
	return fmt.Sprintf("198.%d.%d.%d", 18+number>>8, number&0xff, place)
}

// claim takes a number that no process holds, and that no network of this machine has
// anything to do with.
func claim() (number int, lock net.Listener, err error) {
	taken, err := net.InterfaceAddrs()
	if err != nil {
		return 0, nil, fmt.Errorf("list the addresses of this machine: %w", err)
	}
	for number := range networks {
		if overlaps(taken, number) {
			continue
		}
		if lock, err := hold(number); err == nil {
			return number, lock, nil
		}
	}
	return 0, nil, errors.New("all networks of 198.18.0.0/15 are in use")
}

func overlaps(taken []net.Addr, number int) bool {
	for _, a := range taken {
		if n, ok := a.(*net.IPNet); ok && n.Contains(net.ParseIP(address(number, parentPlace))) {
			return true
		}
	}
	return false
}

// hold holds a number until the lock is closed or the process ends, however it ends:
// the name of a socket that is bound to nothing but a name goes with it.
func hold(number int) (lock net.Listener, err error) {
	return net.Listen("unix", fmt.Sprintf("@mysqlda-hosts-%d", number))
}
