package admin

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestClientGetsTheActivityThatTheNodeTells(t *testing.T) {
	want := Activity{
		Node: "n1", Version: "v", At: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), UptimeSeconds: 1.5,
		Sessions: SessionCounts{Open: 3, Running: 1, Idle: 2, InTransaction: 1},
		Libraries: []LibraryActivity{{
			Name: "x", Sessions: 3, Statements: map[string]uint64{"read": 4}, Errors: 1, BytesIn: 5, BytesOut: 6,
			Latency: LatencyCounts{Count: 4, SumSeconds: 0.25, Buckets: []LatencyBucket{{0.0001, 1}, {10, 4}}},
			Waits:   WaitCounts{Count: 1, SumSeconds: 0.5}, Pool: PoolCounts{InUse: 1, Idle: 2},
		}},
		Directory: DirectoryActivity{Placements: 7, Bindings: 8, Hits: 9, Misses: 10},
	}
	address := serve(t, &fakeNode{activity: want})
	got, err := NewClient(address, Credentials{}).Activity(t.Context())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if _, body := ask(t, "GET", address, "/api/v1/activity", "", ""); !strings.Contains(body, `"at":"2026-01-02T03:04:05.678Z"`) {
		t.Errorf("the time is not in %s", body)
	}
}

func TestSessionsAreFilteredByTheNode(t *testing.T) {
	node := &fakeNode{}
	address := serve(t, node)
	filter := SessionFilter{User: "u&v", Client: "10.0.0.1", Core: "c", Library: "x", State: "idle", InTransaction: true, Limit: 5}
	list, err := NewClient(address, Credentials{}).Sessions(t.Context(), filter)
	if err != nil || len(list.Sessions) != 1 || list.Sessions[0].ID != 7 {
		t.Errorf("got %+v, %v", list, err)
	}
	if _, err := NewClient(address, Credentials{}).Sessions(t.Context(), SessionFilter{}); err != nil {
		t.Error(err)
	}
	want := []string{
		"sessions {User:u&v Client:10.0.0.1 Core:c Library:x State:idle InTransaction:true Limit:5}",
		"sessions {User: Client: Core: Library: State: InTransaction:false Limit:1000}",
	}
	if !reflect.DeepEqual(node.asked, want) {
		t.Errorf("asked %q, want %q", node.asked, want)
	}
}

func TestFiltersThatMakeNoSenseAreRefused(t *testing.T) {
	address := serve(t, &fakeNode{})
	for query, says := range map[string]string{
		"limit=0":            "limit must be a whole number from 1 to 10000",
		"limit=10001":        "limit must be a whole number from 1 to 10000",
		"limit=many":         "limit must be a whole number from 1 to 10000",
		"in_transaction=yes": "in_transaction must be true or false",
		"libary=x":           `there is no parameter \"libary\"`,
	} {
		if code, body := ask(t, "GET", address, "/api/v1/sessions?"+query, "", ""); code != 400 || !strings.Contains(body, says) {
			t.Errorf("%s: %d %s", query, code, body)
		}
	}
}
