package fakeserver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Command bytes that scripts name often.
const (
	ComQuit        byte = 0x01
	ComInitDB      byte = 0x02
	ComQuery       byte = 0x03
	ComPing        byte = 0x0e
	ComStmtPrepare byte = 0x16
	ComStmtExecute byte = 0x17
)

// Expect reads a command and fails unless its payload is exactly the command byte
// and the body.
func Expect(command byte, body string) Step {
	return func(c *Conn) error {
		payload, err := c.ReadCommand()
		if err != nil {
			return fmt.Errorf("wait for command 0x%02x: %w", command, err)
		}
		if want := append([]byte{command}, body...); !bytes.Equal(payload, want) {
			return fmt.Errorf("the client sends %q instead of %q", payload, want)
		}
		return nil
	}
}

// ExpectCommand reads a command and gives its payload, command byte included, to
// check.
func ExpectCommand(check func(payload []byte) error) Step {
	return func(c *Conn) error {
		payload, err := c.ReadCommand()
		if err != nil {
			return fmt.Errorf("wait for a command: %w", err)
		}
		return check(payload)
	}
}

// ExpectPacket reads a packet that goes on in the count, as the client's file
// does, and fails unless it has this payload.
func ExpectPacket(want string) Step {
	return func(c *Conn) error {
		payload, err := c.Read()
		if err != nil {
			return err
		}
		if string(payload) != want {
			return fmt.Errorf("the client sends %q instead of %q", payload, want)
		}
		return nil
	}
}

// Send sends packets with the next numbers.
func Send(payloads ...[]byte) Step {
	return func(c *Conn) error { return c.Write(payloads...) }
}

// SendRaw sends bytes as they are: headers that lie, or anything else.
func SendRaw(b []byte) Step {
	return func(c *Conn) error { return c.WriteRaw(b) }
}

// SendCut sends the header of a packet and only the first n bytes of its payload.
func SendCut(payload []byte, n int) Step {
	return func(c *Conn) error {
		c.seq++
		return c.WriteRaw(append(Header(len(payload), c.seq-1), payload[:n]...))
	}
}

// Number makes seq the number of the next packet, right or wrong.
func Number(seq uint8) Step {
	return func(c *Conn) error {
		c.seq = seq
		return nil
	}
}

// HangUp closes the connection and ends the script.
func HangUp() Step {
	return func(c *Conn) error {
		if err := c.conn.Close(); err != nil {
			return fmt.Errorf("hang up: %w", err)
		}
		return errEnd
	}
}

// Reset ends the connection with a TCP reset, and the script with it.
func Reset() Step {
	return func(c *Conn) error {
		if tcp, ok := c.raw.(*net.TCPConn); ok {
			if err := tcp.SetLinger(0); err != nil {
				return fmt.Errorf("prepare a reset: %w", err)
			}
		}
		if err := c.raw.Close(); err != nil {
			return fmt.Errorf("reset: %w", err)
		}
		return errEnd
	}
}

// Await waits until the channel is closed.
func Await(ready <-chan struct{}) Step {
	return func(*Conn) error {
		select {
		case <-ready:
			return nil
		case <-time.After(stepTimeout):
			return errors.New("waited in vain for the test")
		}
	}
}

// AwaitHangUp drops what the client sends until it hangs up, and ends the script.
func AwaitHangUp() Step {
	return func(c *Conn) error {
		if _, err := io.Copy(io.Discard, c.conn); err != nil && !hungUp(err) {
			return fmt.Errorf("wait for the client to hang up: %w", err)
		}
		return errEnd
	}
}

// MayHangUp goes through steps during any of which the client may hang up, which
// ends the script.
func MayHangUp(steps ...Step) Step {
	return func(c *Conn) error {
		for _, step := range steps {
			if err := step(c); hungUp(err) {
				return errEnd
			} else if err != nil {
				return err
			}
		}
		return nil
	}
}

// Serve answers commands until the client quits or hangs up. answer gets the
// payload of each, command byte included, and returns the payloads of the answer,
// none for a command that has no answer.
func Serve(answer func(c *Conn, payload []byte) [][]byte) Step {
	return Play(func(c *Conn, payload []byte) []Step { return []Step{Send(answer(c, payload)...)} })
}

// Play is Serve for answers that are more than packets: steps, which may break the
// protocol or end the script. The client may hang up during any of them.
func Play(answer func(c *Conn, payload []byte) []Step) Step {
	return func(c *Conn) error {
		for {
			if err := c.raw.SetDeadline(time.Now().Add(stepTimeout)); err != nil {
				return fmt.Errorf("set a deadline: %w", err)
			}
			payload, err := c.ReadCommand()
			if hungUp(err) || err == nil && payload[0] == ComQuit {
				return errEnd
			}
			if err != nil {
				return err
			}
			for _, step := range answer(c, payload) {
				if err := step(c); hungUp(err) {
					return errEnd
				} else if err != nil {
					return err
				}
			}
		}
	}
}
