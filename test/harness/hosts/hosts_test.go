package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/need"
)

// instant is how long a test waits for what must not come; whatever comes here comes
// within microseconds.
const instant = 200 * time.Millisecond

// testPort is a port of the hosts, which have all of them to themselves.
const testPort = 7000

// socket is a UDP socket on a host.
func socket(t *testing.T, h *Host) *net.UDPConn {
	t.Helper()
	var s *net.UDPConn
	err := h.Within(func() (err error) {
		s, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(h.IP), Port: testPort})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func send(t *testing.T, from *net.UDPConn, to *Host, text string) {
	t.Helper()
	if _, err := from.WriteTo([]byte(text), &net.UDPAddr{IP: net.ParseIP(to.IP), Port: testPort}); err != nil {
		t.Fatal(err)
	}
}

// expect reads one datagram.
func expect(t *testing.T, at *net.UDPConn, want string) {
	t.Helper()
	if err := at.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, err := at.Read(b)
	if got := string(b[:n]); err != nil || got != want {
		t.Fatalf("received %q, %v; want %q", got, err, want)
	}
}

// listen accepts connections on a host until the test ends.
func listen(t *testing.T, h *Host, port int) {
	t.Helper()
	var l net.Listener
	err := h.Within(func() (err error) {
		l, err = net.Listen("tcp", net.JoinHostPort(h.IP, fmt.Sprint(port)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	}()
}

// connects tells whether a host can connect to a port of another one; nil is this
// process.
func connects(t *testing.T, from, to *Host, port int) bool {
	t.Helper()
	var c net.Conn
	dial := func() (err error) {
		d := net.Dialer{Timeout: instant}
		c, err = d.Dial("tcp", net.JoinHostPort(to.IP, fmt.Sprint(port)))
		return err
	}
	var err error
	if from == nil {
		err = dial()
	} else {
		err = from.Within(dial)
	}
	if err == nil {
		c.Close()
		return true
	}
	if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
		t.Fatalf("a lost packet is told to its sender: %v", err)
	}
	return false
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHostsReachEachOtherAndAreReached(t *testing.T) {
	t.Parallel()
	n := ForTest(t, "a", "b")
	a, b := n.Host("a"), n.Host("b")
	listen(t, a, 3306)
	listen(t, b, 3306) // the same port
	for _, from := range []*Host{nil, b, a} {
		if !connects(t, from, a, 3306) || !connects(t, from, b, 3306) {
			t.Errorf("from %+v nobody is reached", from)
		}
	}
	out, err := a.Command("ip", "-brief", "-4", "address", "show", inside).CombinedOutput()
	if err != nil || !strings.Contains(string(out), a.IP) {
		t.Errorf("a command on host a sees %s, %v", out, err)
	}
	if n.Host("c") != nil {
		t.Error("there is a host c")
	}
}

func TestCutLinkLosesEverythingUntilItIsHealed(t *testing.T) {
	t.Parallel()
	n := ForTest(t, "a", "b", "c")
	a, b, c := n.Host("a"), n.Host("b"), n.Host("c")
	for _, h := range n.Hosts {
		listen(t, h, 3306)
	}
	must(t, n.Cut(t.Context(), Between([]*Host{a}, []*Host{b})))
	if connects(t, a, b, 3306) || connects(t, b, a, 3306) {
		t.Error("hosts reach each other over a link that is cut")
	}
	if !connects(t, a, c, 3306) || !connects(t, c, b, 3306) || !connects(t, nil, a, 3306) {
		t.Error("other links are cut too")
	}
	must(t, n.Cut(t.Context(), n.Around(c)))
	if connects(t, a, b, 3306) || connects(t, a, c, 3306) || connects(t, c, b, 3306) {
		t.Error("a cut ends an earlier one, or does nothing")
	}
	must(t, n.Heal(t.Context()))
	if !connects(t, a, b, 3306) || !connects(t, b, a, 3306) || !connects(t, a, c, 3306) {
		t.Error("links are still cut")
	}
}

func TestCutOneWayLeavesTheOther(t *testing.T) {
	t.Parallel()
	n := ForTest(t, "a", "b")
	a, b := n.Host("a"), n.Host("b")
	atA, atB := socket(t, a), socket(t, b)
	send(t, atA, b, "whole") // both know each other's hardware now
	expect(t, atB, "whole")
	must(t, n.Cut(t.Context(), OneWay([]*Host{a}, []*Host{b})))
	send(t, atA, b, "lost")
	send(t, atB, a, "the other way")
	expect(t, atA, "the other way")
	must(t, n.Heal(t.Context()))
	send(t, atA, b, "healed")
	expect(t, atB, "healed")
}

func TestCutPortsLeaveTheOthers(t *testing.T) {
	t.Parallel()
	n := ForTest(t, "a", "b")
	a, b := n.Host("a"), n.Host("b")
	for _, port := range []int{3306, 3307, 3308} {
		listen(t, a, port)
	}
	for name, links := range map[string][]Link{
		"to them":   OneWay([]*Host{b}, []*Host{a}),
		"from them": OneWay([]*Host{a}, []*Host{b}),
	} {
		must(t, n.Cut(t.Context(), links, 3306, 3307))
		if connects(t, b, a, 3306) || connects(t, b, a, 3307) {
			t.Errorf("packets %s pass", name)
		}
		if !connects(t, b, a, 3308) {
			t.Errorf("with packets %s another port is cut", name)
		}
		must(t, n.Heal(t.Context()))
	}
}

func TestNothingIsLeftOfClosedHosts(t *testing.T) {
	t.Parallel()
	if err := Available(); err != nil {
		need.Missing(t, err.Error())
	}
	n, err := New(t.Context(), "a", "b")
	must(t, err)
	must(t, n.Close())
	if left := leftOf(t, n.number); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// leftOf lists what there is of the network of a number, if nobody has made one since.
func leftOf(t *testing.T, number int) []string {
	t.Helper()
	lock, err := hold(number)
	if err != nil {
		return nil
	}
	defer lock.Close()
	left, err := filepath.Glob(filepath.Join(namespaces, namespace(number, "*")))
	must(t, err)
	if _, err := net.InterfaceByName(parentLink(number)); err == nil {
		left = append(left, parentLink(number))
	}
	return left
}

func TestBadNamesOfHosts(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{{}, {"a", "a"}, {""}, {"A"}, {"a-b"}, {"a/b"}, {"bridge"}, {"parent"}, {"lo"}, {"abcdefghijklm"}, make([]string, MaxHosts+1)} {
		if n, err := New(context.Background(), names...); err == nil || errors.Is(err, ErrUnavailable) {
			t.Errorf("hosts %q: %v, %v", names, n, err)
		}
	}
}

func TestMendEndsOneHarmAlone(t *testing.T) {
	t.Parallel()
	n := ForTest(t, "a", "b", "c")
	a, b, c := n.Host("a"), n.Host("b"), n.Host("c")
	for _, h := range n.Hosts {
		listen(t, h, 3306)
	}
	first, err := n.Sever(t.Context(), Between([]*Host{a}, []*Host{b}))
	must(t, err)
	second, err := n.Sever(t.Context(), n.Around(a))
	must(t, err)
	must(t, first(t.Context()))
	if connects(t, a, b, 3306) || connects(t, c, a, 3306) {
		t.Error("the other cut is mended too")
	}
	must(t, second(t.Context()))
	if !connects(t, a, b, 3306) || !connects(t, c, a, 3306) {
		t.Error("links are still cut")
	}
	must(t, n.Cut(t.Context(), n.Around(a)))
	must(t, second(t.Context()))
	if connects(t, a, b, 3306) {
		t.Error("what was mended already mends another cut")
	}
}

func TestLossyLinkLosesSomePackets(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(n *Network, links []Link) (Mend, error){
		"lossy":  func(n *Network, links []Link) (Mend, error) { return n.Lose(t.Context(), 50, links) },
		"narrow": func(n *Network, links []Link) (Mend, error) { return n.Narrow(t.Context(), 1, links) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := ForTest(t, "a", "b")
			a, b := n.Host("a"), n.Host("b")
			atA, atB := socket(t, a), socket(t, b)
			send(t, atA, b, "whole")
			expect(t, atB, "whole")
			mend, err := harm(n, OneWay([]*Host{a}, []*Host{b}))
			must(t, err)
			const sent = 100
			for range sent {
				send(t, atA, b, strings.Repeat("x", 99))
			}
			must(t, mend(t.Context()))
			send(t, atA, b, "end")
			got := 0
			for buffer := make([]byte, 100); ; got++ {
				must(t, atB.SetReadDeadline(time.Now().Add(10*time.Second)))
				length, err := atB.Read(buffer)
				must(t, err)
				if string(buffer[:length]) == "end" {
					break
				}
			}
			if got == 0 || got == sent {
				t.Errorf("%d packets of %d arrived", got, sent)
			}
		})
	}
}
