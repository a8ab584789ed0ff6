package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// maxStatus bounds the answer of a node.
const maxStatus = 4 << 20

// get asks a node over HTTP. Another answer than 200 is an error with its text.
func get(ctx context.Context, n *cluster.Node, path string) (body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.Addresses().HTTP+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask node %s: %w", n.ID, err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if body, err = io.ReadAll(io.LimitReader(answer.Body, maxStatus)); err != nil {
		return nil, fmt.Errorf("ask node %s: %w", n.ID, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("node %s answers %s: %s", n.ID, answer.Status, body)
	}
	return body, nil
}

// status is what `mysqlda status -o json` prints, without a process for it: it is
// asked often while something is measured.
func status(ctx context.Context, n *cluster.Node) (s cluster.Status, err error) {
	body, err := get(ctx, n, "/api/v1/status")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, fmt.Errorf("status of node %s: %w", n.ID, err)
	}
	return s, nil
}

func ready(ctx context.Context, n *cluster.Node) error {
	_, err := get(ctx, n, "/readyz")
	return err
}

// await asks every so often until condition returns nil. A node that has ended is
// an error at once, and so is the end of ctx.
func await(ctx context.Context, n *cluster.Node, what string, every time.Duration, condition func() error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if !n.Running() {
			return fmt.Errorf("waited in vain until %s: node %s has ended", what, n.ID)
		}
		last := condition()
		if last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s: %w; last: %w\n%s", what, context.Cause(ctx), last, n.LogTail())
		case <-ticker.C:
		}
	}
}
