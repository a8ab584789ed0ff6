package backend

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// offered is what the scripted server offers unless a test says otherwise.
const offered = wire.ShapeMask | wire.ClientProtocol41 | wire.ClientSecureConnection | wire.ClientPluginAuth |
	wire.ClientSessionTrack | wire.ClientQueryAttributes | wire.ClientTransactions | wire.ClientConnectWithDB

// packet frames a payload.
func packet(sequence uint8, payload ...byte) []byte {
	framed := make([]byte, wire.HeaderLen, wire.HeaderLen+len(payload))
	wire.PutHeader(framed, len(payload), sequence)
	return append(framed, payload...)
}

// greet makes a greeting of thread 7 that offers these capabilities.
func greet(capabilities wire.Capability) []byte {
	payload := append([]byte{10}, "8.0.99-scripted\x00"...)
	payload = append(payload, 7, 0, 0, 0)
	payload = append(payload, "scramble\x00"...)
	payload = binary.LittleEndian.AppendUint16(payload, uint16(capabilities))
	payload = append(payload, 45, 2, 0)
	payload = binary.LittleEndian.AppendUint16(payload, uint16(capabilities>>16))
	payload = append(payload, 21)
	payload = append(payload, make([]byte, 6)...)
	payload = binary.LittleEndian.AppendUint32(payload, uint32(capabilities>>32))
	payload = append(payload, "scrambleagin\x00mysql_native_password\x00"...)
	return packet(0, payload...)
}

var okAnswer = []byte{okPacket, 0, 0, 2, 0, 0, 0}

// scripted serves one connection with that script and returns its address. The
// script must end by itself once the client hangs up.
func scripted(t *testing.T, script func(c net.Conn) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			err = errors.Join(script(c), c.Close())
		}
		done <- err
	}()
	t.Cleanup(func() {
		l.Close()
		if err := <-done; err != nil {
			t.Errorf("scripted server: %v", err)
		}
	})
	return l.Addr().String()
}

// says is a script that sends some bytes and waits for the client to hang up. It
// fails when the client sends anything.
func says(b []byte) func(net.Conn) error {
	return func(c net.Conn) error {
		if _, err := c.Write(b); err != nil {
			return err
		}
		got, err := io.ReadAll(c)
		if len(got) > 0 {
			return errors.New("the client sent a login")
		}
		return err
	}
}

func TestServerThatLacksACapabilityGetsNoLogin(t *testing.T) {
	for _, missing := range []wire.Capability{wire.ClientDeprecateEOF, wire.ClientFoundRows, wire.ClientIgnoreSpace} {
		address := scripted(t, says(greet(offered&^missing)))
		_, err := dial(t.Context(), address, testAccount, Profile{Capabilities: wire.ShapeMask})
		var lacks *CapabilityError
		if !errors.As(err, &lacks) || lacks.Missing != missing || lacks.Server != address {
			t.Fatalf("without %s: %v", missing, err)
		}
		for _, want := range []string{address, missing.String(), "8.0.99-scripted"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not name %s", err, want)
			}
		}
	}
}

func TestServerThatTurnsTheConnectionDown(t *testing.T) {
	for name, test := range map[string]struct {
		payload string
		want    RefusedError
	}{
		"with SQLSTATE":    {"\xff\x10\x04#08004Too many connections", RefusedError{Code: 1040, State: "08004", Message: "Too many connections"}},
		"without SQLSTATE": {"\xff\x6a\x04Host is not allowed", RefusedError{Code: 1130, Message: "Host is not allowed"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.want.Server = scripted(t, says(packet(0, []byte(test.payload)...)))
			_, err := dial(t.Context(), test.want.Server, testAccount, plain)
			var refused *RefusedError
			if !errors.As(err, &refused) || *refused != test.want {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestServerThatSpeaksSomethingElse(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing and away":      {},
		"another protocol":      []byte("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
		"empty packet":          packet(0),
		"protocol 9":            packet(0, 9, 'x', 0),
		"version without end":   packet(0, append([]byte{10}, "8.0"...)...),
		"cut after the version": packet(0, append([]byte{10}, "8.0\x00abc"...)...),
		"half a packet":         greet(offered)[:20],
		"broken error packet":   packet(0, errPacket, 1),
		"scramble missing":      packet(0, greet(offered)[wire.HeaderLen:wire.HeaderLen+50]...),
	} {
		t.Run(name, func(t *testing.T) {
			address := scripted(t, func(c net.Conn) error {
				_, err := c.Write(b)
				return err
			})
			_, err := dial(t.Context(), address, testAccount, plain)
			if err == nil || !strings.Contains(err.Error(), address) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestLoginAsksForExactlyTheProfile(t *testing.T) {
	const extended = wire.MariadbProgress | wire.MariadbBulkOperations | wire.MariadbCacheMetadata
	const relevant = wire.ShapeMask | extended | wire.ClientQueryAttributes | wire.ClientSessionTrack | wire.ClientCompress | wire.ClientSSL
	for _, profile := range []Profile{
		{Collation: 1},
		{Collation: 255, Capabilities: wire.ClientDeprecateEOF},
		{Collation: 224, Capabilities: wire.ClientMultiStatements | wire.ClientMultiResults},
		{Collation: 45, Capabilities: wire.ShapeMask},
		{Collation: 45, Capabilities: extended},
	} {
		logins := make(chan []byte, 1)
		address := scripted(t, func(c net.Conn) error {
			if _, err := c.Write(greet(offered | extended)); err != nil {
				return err
			}
			login, err := readPacket(c)
			logins <- login
			return err
		})
		if _, err := dial(t.Context(), address, testAccount, profile); err == nil {
			t.Fatal("the server hung up and the login succeeded")
		}
		login := <-logins
		asked := wire.Capability(binary.LittleEndian.Uint32(login)) | wire.Capability(binary.LittleEndian.Uint32(login[28:]))<<32
		if asked&relevant != profile.Capabilities {
			t.Errorf("asked for %s, want %s", asked&relevant, profile.Capabilities)
		}
		if login[8] != profile.Collation {
			t.Errorf("sent collation %d, want %d", login[8], profile.Collation)
		}
	}
}

// Bytes that follow the login must reach whoever reads the raw connection: none
// may stay in a buffer.
func TestNothingIsReadBeyondTheLogin(t *testing.T) {
	column := append([]byte("\x03def\x00\x00\x00\x01c\x00\x0c"), 45, 0, 9, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0)
	result := packet(1, 3)
	for i := range 3 {
		result = append(result, packet(uint8(2+i), column...)...)
	}
	result = append(result, packet(5, eofPacket, 0, 0, 2, 0)...)
	result = append(result, packet(6, []byte("\x07utf8mb4\x07utf8mb4\x12utf8mb4_general_ci")...)...)
	result = append(result, packet(7, eofPacket, 0, 0, 2, 0)...)
	const beyond = "beyond"

	address := scripted(t, func(c net.Conn) error {
		for _, answer := range [][]byte{
			greet(offered),
			packet(2, okAnswer...),
			packet(1, []byte("\xff\x19\x05#42000FUNCTION CURRENT_ROLE does not exist")...),
			append(result, beyond...),
		} {
			if _, err := c.Write(answer); err != nil {
				return err
			}
			// The client cuts the connection in the end.
			if _, err := readPacket(c); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
				return err
			}
		}
		return nil
	})
	l, err := dial(t.Context(), address, testAccount, Profile{Collation: 45})
	if err != nil {
		t.Fatal(err)
	}
	defer l.cut()
	if l.threadID != 7 {
		t.Errorf("thread %d", l.threadID)
	}
	if err := l.raw.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(beyond))
	if _, err := io.ReadFull(l.raw, got); err != nil || string(got) != beyond {
		t.Errorf("%q, %v", got, err)
	}
}

func TestUnexpectedBytesMakeAConnectionUnusable(t *testing.T) {
	needServers(t)
	l := admin(t, first.Addr())
	if !l.alive() {
		t.Fatal("a fresh connection is not alive")
	}
	if _, err := l.raw.Write(packet(0, wire.ComPing)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the unread answer is noticed", func() bool { return !l.alive() })
}
