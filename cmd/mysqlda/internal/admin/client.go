package admin

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	dialTimeout    = 3 * time.Second
	maxAnswerBytes = 64 << 20
	// clientTimeout is a little longer than any request takes inside a node, so
	// that the node's own error arrives before the client gives up.
	clientTimeout = memberTimeout + 5*time.Second
)

// wantsHTTPS is how net/http answers a request in the clear on a port with TLS.
const wantsHTTPS = "Client sent an HTTP request to an HTTPS server."

// Client asks the API of one node. It may be used from any goroutine.
type Client struct {
	address string
	shown   Credentials
	http    *http.Client
	who     string        // whose requests they are, "" for the user's who runs this process
	stall   time.Duration // how long a node may be silent in the middle of a backup
}

// NewClient makes a client of the node whose HTTP address, host:port, is given.
func NewClient(address string, shown Credentials) *Client {
	transport := shown.transport()
	transport.DisableKeepAlives = true
	return &Client{
		address: address, shown: shown, stall: backupStall,
		http: &http.Client{Transport: transport, Timeout: clientTimeout},
	}
}

// Importer makes an importer that asks as this client does; see NewImporter.
func (c *Client) Importer(cluster string, connections int) *Importer {
	i := NewImporter(cluster, connections, c.shown)
	i.named = c.address
	return i
}

// Address is the HTTP address of the node that is asked, host:port.
func (c *Client) Address() string { return c.address }

// RefusedError is a node's answer that it did not do what it was asked for.
type RefusedError struct {
	StatusCode int    // of HTTP
	Message    string // what the node says
}

// Error implements error.
func (e *RefusedError) Error() string { return e.Message }

// Status asks what the node knows of its cluster.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var status Status
	err := c.do(ctx, http.MethodGet, "/api/v1/status", nil, &status)
	return status, err
}

// Clock asks what time it is there, in whole seconds. Whoever answers tells it, also
// one who refuses to tell anything else.
func (c *Client) Clock(ctx context.Context) (time.Time, error) {
	request, err := c.request(ctx, http.MethodGet, "/healthz", nil)
	if err != nil {
		return time.Time{}, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return time.Time{}, c.unreachable(err)
	}
	if err := response.Body.Close(); err != nil {
		return time.Time{}, fmt.Errorf("answer of the node at %s: %w", c.address, err)
	}
	told, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return time.Time{}, fmt.Errorf("the node at %s does not tell its time: %w", c.address, err)
	}
	return told, nil
}

// Locate asks where the core object lives, without assigning it.
func (c *Client) Locate(ctx context.Context, core string) (Location, error) {
	var location Location
	err := c.do(ctx, http.MethodGet, "/api/v1/locate?"+url.Values{"core": {core}}.Encode(), nil, &location)
	return location, err
}

// ChangeLibraries makes all changes or none.
func (c *Client) ChangeLibraries(ctx context.Context, changes LibraryChanges) error {
	return c.do(ctx, http.MethodPost, "/api/v1/libraries", changes, nil)
}

// ChangeSettings changes all settings that are named or none.
func (c *Client) ChangeSettings(ctx context.Context, change SettingsChange) error {
	return c.do(ctx, http.MethodPost, "/api/v1/settings", change, nil)
}

// CompareSettings asks which settings the change would change, without changing them.
func (c *Client) CompareSettings(ctx context.Context, change SettingsChange) (SettingsDifference, error) {
	var difference SettingsDifference
	err := c.do(ctx, http.MethodPost, "/api/v1/settings/compare", change, &difference)
	return difference, err
}

// Join makes the node join a cluster.
func (c *Client) Join(ctx context.Context, request JoinRequest) error {
	return c.do(ctx, http.MethodPost, "/api/v1/join", request, nil)
}

// Leave takes the node out of its cluster and ends its process.
func (c *Client) Leave(ctx context.Context) error {
	return c.do(ctx, http.MethodPost, "/api/v1/leave", struct{}{}, nil)
}

// Remove takes the node of that id out of the cluster for good.
func (c *Client) Remove(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/api/v1/nodes/"+url.PathEscape(id), nil, nil)
}

// do sends one request and decodes the answer into result, unless that is nil.
func (c *Client) do(ctx context.Context, method, path string, body, result any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("request to %s: %w", c.address, err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := c.request(ctx, method, path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	c.sign(request)
	response, err := c.http.Do(request)
	if err != nil {
		return c.unreachable(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return fmt.Errorf("answer of the node at %s: %w", c.address, err)
	}
	if response.StatusCode != http.StatusOK {
		return c.refused(response, answer)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(answer, result); err != nil {
		return fmt.Errorf("what answers at %s is not a mysqlda node: %w", c.address, err)
	}
	return nil
}

// request makes a request that shows who asks.
func (c *Client) request(ctx context.Context, method, path string, content io.Reader) (*http.Request, error) {
	if c.shown.withheld {
		return nil, &TokenInClearError{Address: c.address}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.shown.scheme()+c.address+path, content)
	if err != nil {
		return nil, fmt.Errorf("request to %s: %w", c.address, err)
	}
	c.shown.show(r)
	return r, nil
}

// unreachable says in plain words that no answer came.
func (c *Client) unreachable(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	if wrapped := new(url.Error); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if opening := new(net.OpError); errors.As(err, &opening) && opening.Op == "dial" {
		return &UnreachableError{Address: c.address, Err: opening.Err}
	}
	if notTLS := new(tls.RecordHeaderError); errors.As(err, notTLS) {
		return fmt.Errorf("the node at %s speaks no TLS: leave out --ca, --cert and https://", c.address)
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("the node at %s did not answer in time; what was asked for may still happen, look with `mysqlda status`", c.address)
	}
	return fmt.Errorf("the node at %s: %w", c.address, err)
}

func (c *Client) refused(response *http.Response, answer []byte) error {
	if bytes.HasPrefix(answer, []byte(wantsHTTPS)) {
		return fmt.Errorf("the node at %s speaks TLS only: name its config file with -f, or its authority with --ca", c.address)
	}
	var problem Problem
	if err := json.Unmarshal(answer, &problem); err != nil || problem.Error == "" {
		return fmt.Errorf("what answers at %s is not a mysqlda node: HTTP status %s", c.address, response.Status)
	}
	return &RefusedError{StatusCode: response.StatusCode, Message: problem.Error}
}
