package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cluster"
)

func TestStatusTable(t *testing.T) {
	code, stdout, stderr := execute("status", "--http", serve(t, &fakeNode{}))
	if code != exitDone {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	golden(t, "status.txt", stdout)
}

func TestStatusTellsWhatBalancingGoesBy(t *testing.T) {
	for _, c := range []struct {
		name    string
		byData  bool
		unsized []string
		want    string
	}{
		{"placements", false, nil, "balance:     placements\n"},
		{"data", true, nil, "balance:     data\n"},
		{"two are missing", true, []string{"a", "b"}, "balance:     data (sizes of a, b not known yet: by placements)\n"},
		{"many are missing", true, []string{"a", "b", "c", "d", "e", "f", "g"}, "balance:     data (sizes of a, b, c, d, e and 2 more not known yet: by placements)\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, stdout, _ := execute("status", "--http", serve(t, &fakeNode{byData: c.byData, unsized: c.unsized}))
			if !strings.Contains(stdout, c.want) {
				t.Errorf("got\n%s", stdout)
			}
		})
	}
}

func TestSizesAreShownWhileTheyAreRead(t *testing.T) {
	_, stdout, stderr := execute("library", "list", "--http", serve(t, &fakeNode{byData: true}))
	if stderr != "" {
		t.Fatal(stderr)
	}
	golden(t, "libraries_data.txt", stdout)
	for bytes, want := range map[uint64]string{0: "unknown", 1: "1 B", 1023: "1023 B", 1024: "1.0 KiB", 5 << 40: "5.0 TiB", 1 << 60: "1024.0 PiB"} {
		if got := dataSize(bytes); got != want {
			t.Errorf("%d bytes are %q", bytes, got)
		}
	}
}

func TestSettingsTable(t *testing.T) {
	_, stdout, stderr := execute("settings", "list", "--http", serve(t, &fakeNode{byData: true, unsized: []string{"x"}}))
	if stderr != "" {
		t.Fatal(stderr)
	}
	golden(t, "settings.txt", stdout)
	if code, _, stderr := execute("settings", "list", "--http", serve(t, &fakeNode{lonely: true})); code != exitFailed || !strings.Contains(stderr, cluster.ErrNotMember.Error()) {
		t.Errorf("a lonely node: exit code %d, %q", code, stderr)
	}
}

func TestStatusOfALonelyNode(t *testing.T) {
	code, stdout, stderr := execute("status", "--http", serve(t, &fakeNode{lonely: true}))
	if code != exitDone {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	golden(t, "status_lonely.txt", stdout)
}

// Scripts rely on these names.
func TestStatusJSONHasTheContractsFields(t *testing.T) {
	code, stdout, stderr := execute("status", "-o", "json", "--http", serve(t, &fakeNode{}))
	if code != exitDone {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	var status map[string]any
	if err := json.Unmarshal([]byte(stdout), &status); err != nil {
		t.Fatal(err)
	}
	has := func(what string, object any, names ...string) map[string]any {
		fields, ok := object.(map[string]any)
		for _, name := range names {
			if _, known := fields[name]; !ok || !known {
				t.Errorf("%s has no %s: %v", what, name, object)
			}
		}
		return fields
	}
	has("status", status, "leader", "nodes", "libraries", "placements", "bindings", "applied_index")
	has("settings", status["settings"], "user", "database", "default_library", "default_core", "max_share", "balance", "failover")
	has("node", status["nodes"].([]any)[0], "id", "voter", "alive", "mysql", "http")
	library := has("library", status["libraries"].([]any)[0], "name", "state", "weight", "tls", "placements", "active", "servers",
		"active_epoch", "failover", "failback", "pinned", "guarded", "risks")
	has("server", library["servers"].([]any)[0], "address", "healthy", "seen_by", "maintenance")
}

func TestLocateJSON(t *testing.T) {
	address := serve(t, &fakeNode{})
	for core, want := range map[string]string{"customer_1": "mysql_data_1", "unknown": ""} {
		_, stdout, _ := execute("locate", core, "-o", "json", "--http", address)
		var got map[string]any
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, map[string]any{"core": core, "library": want}) {
			t.Errorf("got %v", got)
		}
	}
}
