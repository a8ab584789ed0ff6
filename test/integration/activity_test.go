package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// activity is what GET /api/v1/activity answers, as far as it is looked at.
type activity struct {
	Node          string
	At            time.Time
	UptimeSeconds float64 `json:"uptime_seconds"`
	Sessions      struct {
		Open          int
		InTransaction int `json:"in_transaction"`
	}
	Libraries []struct {
		Name       string
		Sessions   int
		Statements map[string]uint64
		BytesOut   uint64 `json:"bytes_out"`
		Latency    struct {
			Count   uint64
			Buckets []struct {
				LE    float64
				Count uint64
			}
		}
		Pool struct {
			InUse int `json:"in_use"`
		}
	}
	Directory struct{ Placements, Hits, Misses uint64 }
}

// getJSON asks a node's HTTP API.
func getJSON(ctx context.Context, n *cluster.Node, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.Addresses().HTTP+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	err = json.NewDecoder(response.Body).Decode(into)
	if err := errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s: %w", path, response.Status, err)
	}
	return nil
}

func TestANodeTellsWhatItsSessionsDo(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), options(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	n := c.Nodes[0]
	session := connect(t, n)
	exec(t, session, "select library cust-1") // assigned
	exec(t, session, "select library cust-1") // known
	for range 20 {
		number(t, session, "select 1")
	}
	exec(t, session, "begin")

	var got activity
	err = wait.For(within(t), "the session waits in its transaction", func(ctx context.Context) error {
		got = activity{}
		if err := getJSON(ctx, n, "/api/v1/activity", &got); err != nil {
			return err
		}
		if got.Sessions.InTransaction != 1 {
			return fmt.Errorf("%+v", got.Sessions)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Node != "n1" || got.At.IsZero() || got.UptimeSeconds <= 0 || got.Sessions.Open < 1 {
		t.Errorf("%+v", got)
	}
	if d := got.Directory; d.Placements != 1 || d.Hits < 1 || d.Misses < 1 {
		t.Errorf("the directory: %+v", d)
	}
	var read uint64
	used := 0
	for _, l := range got.Libraries {
		if l.Sessions == 0 || l.Name == "" {
			continue
		}
		used++
		read = l.Statements["read"]
		last := l.Latency.Buckets[len(l.Latency.Buckets)-1]
		if l.BytesOut == 0 || l.Latency.Count < 20 || last.LE != 10 || l.Pool.InUse != 1 {
			t.Errorf("%+v", l)
		}
	}
	if len(got.Libraries) < len(libraries) || used != 1 || read != 20 {
		t.Errorf("%d of %d libraries are used, %d statements read", used, len(got.Libraries), read)
	}

	var list struct {
		Matching int
		Sessions []struct {
			ID            uint32
			User, Core    string
			InTransaction bool `json:"in_transaction"`
			Commands      uint64
		}
	}
	if err := getJSON(within(t), n, "/api/v1/sessions?core=cust-1&limit=1", &list); err != nil {
		t.Fatal(err)
	}
	id := number(t, session, "select connection_id()")
	if len(list.Sessions) != 1 || list.Matching != 1 {
		t.Fatalf("%+v", list)
	}
	if s := list.Sessions[0]; s.ID != uint32(id) || s.User != user || s.Core != "cust-1" || !s.InTransaction || s.Commands < 23 {
		t.Errorf("session %d: %+v", id, s)
	}
	if err := getJSON(within(t), n, "/api/v1/sessions?core=other", &list); err != nil || list.Matching != 0 {
		t.Errorf("of another core object: %+v, %v", list, err)
	}
}
