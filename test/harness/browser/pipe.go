package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// message is one message of the protocol: a command, its answer, or an event.
type message struct {
	ID      int64           `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// errEnded says that the browser has ended, or its pipe.
var errEnded = errors.New("the browser has ended")

// pipe sends commands and hands out answers and events. Messages end with a zero byte.
type pipe struct {
	to    io.Writer
	ended chan struct{} // closed when nothing comes any more

	mu      sync.Mutex
	last    int64
	waiting map[int64]chan message
	events  map[string]func(message) // by session
}

func newPipe(to io.Writer, from io.Reader) *pipe {
	p := &pipe{to: to, ended: make(chan struct{}), waiting: map[int64]chan message{}, events: map[string]func(message){}}
	go p.read(from)
	return p
}

// read ends with the pipe. A message that is none ends it, too: nothing after it could
// be trusted.
func (p *pipe) read(from io.Reader) {
	defer close(p.ended)
	for reader := bufio.NewReader(from); ; {
		text, err := reader.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m) != nil {
			return
		}
		p.mu.Lock()
		answer, event := p.waiting[m.ID], p.events[m.Session]
		delete(p.waiting, m.ID)
		p.mu.Unlock()
		switch {
		case answer != nil:
			answer <- m
		case m.Method != "" && event != nil:
			event(m)
		}
	}
}

// observe has a session's events given to a function, one after the other. It must not
// call the browser.
func (p *pipe) observe(session string, event func(message)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events[session] = event
}

// call sends a command and decodes its answer into result, unless that is nil.
func (p *pipe) call(ctx context.Context, session, method string, params, result any) error {
	encoded, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	answer := make(chan message, 1)
	if err := p.send(message{Session: session, Method: method, Params: encoded}, answer); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			return fmt.Errorf("%s: the browser says: %s", method, m.Error.Message)
		}
		if result == nil {
			return nil
		}
		if err := json.Unmarshal(m.Result, result); err != nil {
			return fmt.Errorf("answer to %s: %w", method, err)
		}
		return nil
	case <-p.ended:
		return fmt.Errorf("%s: %w", method, errEnded)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

func (p *pipe) send(m message, answer chan message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	m.ID = p.last
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	p.waiting[m.ID] = answer
	_, err = p.to.Write(append(text, 0))
	return err
}
