package broker

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"time"
)

// The packets have MQTT's names and are used in MQTT's sense.
const (
	typeConnect     = "CONNECT"
	typeConnAck     = "CONNACK"
	typePublish     = "PUBLISH"
	typePubAck      = "PUBACK"  // QoS 1: done
	typePubRec      = "PUBREC"  // QoS 2: received
	typePubRel      = "PUBREL"  // QoS 2: released
	typePubComp     = "PUBCOMP" // QoS 2: done
	typeSubscribe   = "SUBSCRIBE"
	typeSubAck      = "SUBACK"
	typeUnsubscribe = "UNSUBSCRIBE"
	typeUnsubAck    = "UNSUBACK"
	typeDisconnect  = "DISCONNECT"
)

// Message is what is published. Payload is at most 32 KiB.
type Message struct {
	Topic   string `json:"topic,omitempty"`
	Payload []byte `json:"payload,omitempty"`
	QoS     int    `json:"qos,omitempty"`
	Retain  bool   `json:"retain,omitempty"`
}

// packet is one line on a connection.
type packet struct {
	Type string `json:"type"`
	ID   uint16 `json:"id,omitempty"`
	Message
	Dup    bool     `json:"dup,omitempty"`
	Filter string   `json:"filter,omitempty"` // SUBSCRIBE, UNSUBSCRIBE
	Client string   `json:"client,omitempty"` // CONNECT
	Clean  bool     `json:"clean,omitempty"`  // CONNECT: forget what was
	Will   *Message `json:"will,omitempty"`   // CONNECT
}

const (
	maxPacket    = 1 << 16 // bytes of a line
	writeTimeout = 10 * time.Second
)

// wire is a connection that carries packets. One goroutine may receive while
// others send.
type wire struct {
	conn    net.Conn
	scanner *bufio.Scanner
	mu      sync.Mutex // one sender at a time
}

func newWire(conn net.Conn) *wire {
	w := &wire{conn: conn, scanner: bufio.NewScanner(conn)}
	w.scanner.Buffer(nil, maxPacket)
	return w
}

func (w *wire) receive() (packet, error) {
	var p packet
	if !w.scanner.Scan() {
		if err := w.scanner.Err(); err != nil {
			return p, fmt.Errorf("receive a packet: %w", err)
		}
		return p, fmt.Errorf("receive a packet: %w", net.ErrClosed)
	}
	if err := json.Unmarshal(w.scanner.Bytes(), &p); err != nil {
		return p, fmt.Errorf("receive a packet: %w", err)
	}
	return p, nil
}

func (w *wire) send(p packet) error {
	line, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode a packet: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("send a packet: %w", err)
	}
	if _, err := w.conn.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("send a packet: %w", err)
	}
	return nil
}

// close may be called more than once; the peer may be gone already.
func (w *wire) close() { _ = w.conn.Close() }
