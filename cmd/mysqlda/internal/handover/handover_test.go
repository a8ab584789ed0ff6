package handover

import (
	"errors"
	"net"
	"os"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/test/harness/port"
)

// listen takes a port that nobody else takes afterwards.
func listen(t *testing.T) net.Listener {
	t.Helper()
	number, err := port.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(number)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// survives tells whether a descriptor would be open in the next program.
func survives(t *testing.T, fd int) bool {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil {
		t.Fatal(err)
	}
	return flags&unix.FD_CLOEXEC == 0
}

func TestWhatIsLeftIsTaken(t *testing.T) {
	t.Parallel()
	if !Supported {
		t.Skip("there are no files in memory")
	}
	l := listen(t)
	address := l.Addr().String()
	held, err := Hold(address, l)
	if err != nil {
		t.Fatal(err)
	}
	if survives(t, held.FDs[0]) {
		t.Error("a child process would have the socket")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	waiting, err := net.Dial("tcp", address) // nobody accepts, and it is not refused
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()

	left := &State{
		Version: Version, Sockets: map[string]Socket{MySQL: held}, From: "v1", Ended: map[string]int{"why": 2},
		Asked: time.Unix(1, 0).UTC(), Since: time.Unix(2, 0).UTC(), Sessions: []proxy.Moved{},
	}
	fd, err := left.Leave()
	if err != nil {
		t.Fatal(err)
	}
	if !survives(t, fd) || !survives(t, held.FDs[0]) {
		t.Error("the next program would have nothing")
	}
	taken, err := Take(fd)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(taken, left) {
		t.Errorf("got  %+v\nwant %+v", taken, left)
	}
	if survives(t, held.FDs[0]) {
		t.Error("the socket would get into child processes")
	}
	sockets, err := NewSockets(taken.Sockets)
	if err != nil {
		t.Fatal(err)
	}
	got, err := sockets.Take(MySQL, address)
	if err != nil || len(got) != 1 {
		t.Fatalf("%d listeners, %v", len(got), err)
	}
	defer got[0].Close()
	conn, err := got[0].Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if again, err := sockets.Take(MySQL, address); len(again) != 0 || err != nil {
		t.Errorf("a second time: %d listeners, %v", len(again), err)
	}
}

func TestNonsenseIsNotTaken(t *testing.T) {
	t.Parallel()
	if _, err := Take(1 << 20); err == nil {
		t.Error("a file that there is not was taken")
	}
	other := &State{Version: Version + 1}
	fd, err := other.Leave()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("there are no files in memory")
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Take(fd); err == nil || !strings.Contains(err.Error(), "version") {
		t.Errorf("another version was taken: %v", err)
	}
	if err := new(Sockets).Given("ssh", 0); err == nil || !strings.Contains(err.Error(), "FileDescriptorName") {
		t.Errorf("a socket of another service was taken: %v", err)
	}
	if _, err := NewSockets(map[string]Socket{MySQL: {FDs: []int{1 << 20}}}); err == nil {
		t.Error("a socket that there is not was taken")
	}
}

// given holds a socket as a service manager passes it, whose descriptor it gives away.
func given(t *testing.T) (*Sockets, string) {
	t.Helper()
	l := listen(t)
	defer l.Close()
	held, err := Hold("", l)
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := NewSockets(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := sockets.Given(HTTP, held.FDs[0]); err != nil {
		t.Fatal(err)
	}
	return sockets, l.Addr().String()
}

func TestSocketsOfAServiceManagerMustFitTheFile(t *testing.T) {
	t.Parallel()
	sockets, address := given(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	got, err := sockets.Take(HTTP, "0.0.0.0:"+port)
	if err != nil || len(got) != 1 {
		t.Fatalf("%d, %v", len(got), err)
	}
	if err := got[0].Close(); err != nil {
		t.Error(err)
	}
	sockets, address = given(t)
	if _, err := sockets.Take(HTTP, "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "make them agree") {
		t.Errorf("got %v", err)
	}
	notListening(t, address)
}

func TestSocketsThatTheFileDoesNotNameAnyMoreAreClosed(t *testing.T) {
	t.Parallel()
	l := listen(t)
	defer l.Close()
	held, err := Hold("old:1", l)
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := NewSockets(map[string]Socket{MySQL: held})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := sockets.Take(MySQL, "new:1"); len(got) != 0 || err != nil {
		t.Errorf("%d, %v", len(got), err)
	}
	notListening(t, l.Addr().String())

	sockets, address := given(t)
	if err := sockets.Close(); err != nil {
		t.Fatal(err)
	}
	notListening(t, address)
}

func notListening(t *testing.T, address string) {
	t.Helper()
	if conn, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("something listens at %s: %v, %v", address, conn, err)
	}
}

func TestTheProgramIsFoundByTheNameThatItWasCalledBy(t *testing.T) {
	t.Parallel()
	program, err := Program()
	if err != nil {
		t.Fatal(err)
	}
	a, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.Stat("/proc/self/exe")
	if err != nil {
		t.Skip(err)
	}
	if !os.SameFile(a, b) {
		t.Errorf("%s is another program", program)
	}
}
