package hosts

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"
)

const (
	testDelay  = 100 * time.Millisecond
	testJitter = 20 * time.Millisecond
)

func slow(t *testing.T, n *Network, links []Link) Mend {
	t.Helper()
	mend, err := n.Delay(t.Context(), links, testDelay, testJitter, rand.New(rand.NewPCG(1, 1)))
	must(t, err)
	return mend
}

func TestSlowLinkTakesLongerOneWayInOrderUntilMended(t *testing.T) {
	t.Parallel()
	n := ForTest(t, "a", "b")
	a, b := n.Host("a"), n.Host("b")
	atA, atB := socket(t, a), socket(t, b)
	mend := slow(t, n, OneWay([]*Host{a}, []*Host{b}))
	for i := range 5 {
		began := time.Now()
		send(t, atA, b, fmt.Sprint("slow", i))
		send(t, atA, b, fmt.Sprint("slower", i))
		expect(t, atB, fmt.Sprint("slow", i))
		if took := time.Since(began); took < testDelay {
			t.Errorf("it took %s", took)
		}
		expect(t, atB, fmt.Sprint("slower", i))
	}
	began := time.Now()
	send(t, atB, a, "the other way")
	expect(t, atA, "the other way")
	if took := time.Since(began); took > testDelay {
		t.Errorf("the other way took %s", took)
	}
	must(t, n.Heal(t.Context())) // of other harm
	send(t, atA, b, "still slow")
	expect(t, atB, "still slow")
	must(t, mend(t.Context()))
	began = time.Now()
	send(t, atA, b, "quick")
	expect(t, atB, "quick") // and nothing twice
	if took := time.Since(began); took > testDelay {
		t.Errorf("when mended it took %s", took)
	}
}

func TestSlowLinkIsCutTooAndLosesPackets(t *testing.T) {
	t.Parallel()
	n := ForTest(t, "a", "b")
	a, b := n.Host("a"), n.Host("b")
	atA, atB := socket(t, a), socket(t, b)
	both := Between([]*Host{a}, []*Host{b})
	mend := slow(t, n, both)
	uncut, err := n.Sever(t.Context(), both, testPort)
	must(t, err)
	send(t, atA, b, "lost")
	must(t, atB.SetReadDeadline(time.Now().Add(testDelay+testJitter+instant)))
	if _, err := atB.Read(make([]byte, 100)); err == nil {
		t.Error("what is slow passes a cut")
	}
	must(t, uncut(t.Context()))
	send(t, atA, b, "slow")
	expect(t, atB, "slow")
	must(t, mend(t.Context()))
}

// TestSlowLinkCarriesALot has TCP send packets that the kernel cuts and sums up late.
func TestSlowLinkCarriesALot(t *testing.T) {
	t.Parallel()
	n := ForTest(t, "a", "b")
	a, b := n.Host("a"), n.Host("b")
	var listener net.Listener
	must(t, b.Within(func() (err error) {
		listener, err = net.Listen("tcp", net.JoinHostPort(b.IP, "7001"))
		return err
	}))
	defer listener.Close()
	mend := slow(t, n, Between([]*Host{a}, []*Host{b}))
	sent := []byte(strings.Repeat("a lot of text. ", 200_000))
	results := make(chan error, 1)
	go func() {
		results <- a.Within(func() error {
			c, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Write(sent)
			return err
		})
	}()
	must(t, listener.(*net.TCPListener).SetDeadline(time.Now().Add(30*time.Second)))
	c, err := listener.Accept()
	must(t, err)
	defer c.Close()
	must(t, c.SetReadDeadline(time.Now().Add(30*time.Second)))
	got, err := io.ReadAll(c)
	must(t, err)
	if !bytes.Equal(got, sent) {
		t.Errorf("%d bytes arrived of %d, or others", len(got), len(sent))
	}
	must(t, <-results)
	must(t, mend(t.Context())) // says if a packet could not be sent
}
