package systemd

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

const (
	firstSocket = 3 // the descriptor of the first socket
	maxSockets  = 64
)

// Socket is one that the service manager has opened for this process.
type Socket struct {
	FD   int
	Name string // FileDescriptorName= of the unit; "" if there is none
}

// Sockets returns the sockets that the service manager has passed to this process, none
// where the environment names none or means another process.
func Sockets(getenv func(string) string) ([]Socket, error) {
	if pid := getenv("LISTEN_PID"); pid != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	text := getenv("LISTEN_FDS")
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxSockets {
		return nil, fmt.Errorf("LISTEN_FDS is %q, which is no number of up to %d sockets", text, maxSockets)
	}
	names := strings.Split(getenv("LISTEN_FDNAMES"), ":")
	sockets := make([]Socket, n)
	for i := range sockets {
		sockets[i].FD = firstSocket + i
		if i < len(names) {
			sockets[i].Name = names[i]
		}
	}
	return sockets, nil
}

// Variables are those of the environment that mean this process only, and not those that
// it starts or becomes.
func Variables() []string { return []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} }
