package browser

import (
	"encoding/json"
	"fmt"
	"sync"
)

// observed is what a page did.
type observed struct {
	mu       sync.Mutex
	requests []string
	problems []string
}

// event has the parts of the events that are noted.
type event struct {
	Request struct {
		URL string `json:"url"`
	} `json:"request"` // of Network.requestWillBeSent
	Type string `json:"type"` // of Runtime.consoleAPICalled
	Args []struct {
		Value       json.RawMessage `json:"value"`
		Description string          `json:"description"`
	} `json:"args"`
	Details struct {
		Text      string `json:"text"`
		Exception struct {
			Description string `json:"description"`
		} `json:"exception"`
	} `json:"exceptionDetails"` // of Runtime.exceptionThrown
	Entry struct {
		Level string `json:"level"`
		Text  string `json:"text"`
		URL   string `json:"url"`
	} `json:"entry"` // of Log.entryAdded
}

func (o *observed) note(m message) {
	var e event
	if err := json.Unmarshal(m.Params, &e); err != nil {
		o.problem(fmt.Sprintf("an event %s that cannot be read: %v", m.Method, err))
		return
	}
	switch {
	case m.Method == "Network.requestWillBeSent":
		o.mu.Lock()
		defer o.mu.Unlock()
		o.requests = append(o.requests, e.Request.URL)
	case m.Method == "Runtime.consoleAPICalled" && (e.Type == "error" || e.Type == "warning" || e.Type == "assert"):
		text := "console " + e.Type
		for _, arg := range e.Args {
			text += fmt.Sprintf(" %s%s", arg.Value, arg.Description)
		}
		o.problem(text)
	case m.Method == "Runtime.exceptionThrown":
		o.problem("uncaught: " + e.Details.Text + " " + e.Details.Exception.Description)
	case m.Method == "Log.entryAdded" && (e.Entry.Level == "error" || e.Entry.Level == "warning"):
		o.problem(fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
	}
}

func (o *observed) problem(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.problems = append(o.problems, text)
}
