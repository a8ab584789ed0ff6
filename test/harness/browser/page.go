package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Page is one page, which has nothing in common with others: no storage, no cache.
type Page struct {
	browser  *Browser
	session  string
	observed observed
}

// Open opens an empty page of that many pixels.
func (b *Browser) Open(ctx context.Context, width, height int) (*Page, error) {
	var room struct {
		ID string `json:"browserContextId"`
	}
	if err := b.pipe.call(ctx, "", "Target.createBrowserContext", struct{}{}, &room); err != nil {
		return nil, err
	}
	var target struct {
		ID string `json:"targetId"`
	}
	if err := b.pipe.call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": room.ID}, &target); err != nil {
		return nil, err
	}
	var attached struct {
		Session string `json:"sessionId"`
	}
	if err := b.pipe.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached); err != nil {
		return nil, err
	}
	p := &Page{browser: b, session: attached.Session}
	b.pipe.observe(p.session, p.observed.note)
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		if err := p.call(ctx, domain+".enable", struct{}{}, nil); err != nil {
			return nil, err
		}
	}
	return p, p.Resize(ctx, width, height)
}

// Resize gives the page another size.
func (p *Page) Resize(ctx context.Context, width, height int) error {
	return p.call(ctx, "Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
	}, nil)
}

// Prefer makes media features of CSS have values, such as prefers-color-scheme dark.
func (p *Page) Prefer(ctx context.Context, features map[string]string) error {
	list := []map[string]string{}
	for name, value := range features {
		list = append(list, map[string]string{"name": name, "value": value})
	}
	return p.call(ctx, "Emulation.setEmulatedMedia", map[string]any{"features": list}, nil)
}

// Go opens an address and returns before it is loaded.
func (p *Page) Go(ctx context.Context, url string) error {
	var result struct {
		ErrorText string `json:"errorText"`
	}
	if err := p.call(ctx, "Page.navigate", map[string]any{"url": url}, &result); err != nil {
		return err
	}
	if result.ErrorText != "" {
		return fmt.Errorf("open %s: %s", url, result.ErrorText)
	}
	return nil
}

// Eval runs a script in the page and decodes its value, or what its promise resolves
// to, into result, unless that is nil.
func (p *Page) Eval(ctx context.Context, script string, result any) error {
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	err := p.call(ctx, "Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true, "awaitPromise": true}, &answer)
	if err != nil {
		return err
	}
	if e := answer.Exception; e != nil {
		return fmt.Errorf("script %.80s: %s %s", script, e.Text, e.Exception.Description)
	}
	if result == nil {
		return nil
	}
	if answer.Result.Value == nil {
		return errors.New("the script has no value")
	}
	if err := json.Unmarshal(answer.Result.Value, result); err != nil {
		return fmt.Errorf("value of the script %.80s: %w", script, err)
	}
	return nil
}

// Type types text into what has the focus.
func (p *Page) Type(ctx context.Context, text string) error {
	return p.call(ctx, "Input.insertText", map[string]any{"text": text}, nil)
}

// keys are the keys that Press knows, with their codes.
var keys = map[string]int{"Tab": 9, "Enter": 13, "Escape": 27}

// Press presses a key.
func (p *Page) Press(ctx context.Context, key string) error {
	code, ok := keys[key]
	if !ok {
		return fmt.Errorf("press %s: not one of the keys that are known here", key)
	}
	event := map[string]any{"key": key, "code": key, "windowsVirtualKeyCode": code}
	if key == "Enter" {
		event["text"] = "\r"
	}
	for _, kind := range []string{"keyDown", "keyUp"} {
		event["type"] = kind
		if err := p.call(ctx, "Input.dispatchKeyEvent", event, nil); err != nil {
			return err
		}
	}
	return nil
}

// Picture returns a PNG of the page, of what is in view or of all of it.
func (p *Page) Picture(ctx context.Context, whole bool) ([]byte, error) {
	var picture struct {
		Data []byte `json:"data"`
	}
	err := p.call(ctx, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": whole, "optimizeForSpeed": false}, &picture)
	return picture.Data, err
}

// Requests are the addresses that the page has asked for.
func (p *Page) Requests() []string {
	p.observed.mu.Lock()
	defer p.observed.mu.Unlock()
	return slices.Clone(p.observed.requests)
}

// Problems are the errors that the page has written to its console, those that nobody
// caught, and what the browser has to say of the page: broken policies, failed
// requests.
func (p *Page) Problems() []string {
	p.observed.mu.Lock()
	defer p.observed.mu.Unlock()
	return slices.Clone(p.observed.problems)
}

// Forget makes an end of the problems so far.
func (p *Page) Forget() {
	p.observed.mu.Lock()
	defer p.observed.mu.Unlock()
	p.observed.problems = nil
}

func (p *Page) call(ctx context.Context, method string, params, result any) error {
	return p.browser.pipe.call(ctx, p.session, method, params, result)
}
