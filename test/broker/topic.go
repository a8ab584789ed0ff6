package broker

import (
	"fmt"
	"strings"
)

const (
	maxTopic   = 128     // bytes of a topic or filter
	maxPayload = 1 << 15 // bytes
)

// matches tells whether a filter selects a topic: + stands for one level, # at
// the end for all that follow.
func matches(filter, topic string) bool {
	levels := strings.Split(topic, "/")
	for i, want := range strings.Split(filter, "/") {
		switch {
		case want == "#":
			return true
		case i >= len(levels), want != "+" && want != levels[i]:
			return false
		}
	}
	return strings.Count(filter, "/") == strings.Count(topic, "/")
}

// check refuses messages that nothing could be done with.
func (m *Message) check() error {
	switch {
	case m.Topic == "" || len(m.Topic) > maxTopic || strings.ContainsAny(m.Topic, "+#"):
		return fmt.Errorf("not a topic: %q", m.Topic)
	case len(m.Payload) > maxPayload:
		return fmt.Errorf("a payload of %d bytes; at most %d", len(m.Payload), maxPayload)
	case m.QoS < 0 || m.QoS > 2:
		return fmt.Errorf("not a QoS: %d", m.QoS)
	}
	return nil
}
