package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"testing"
)

func TestEveryPackageKeepsTheImportRules(t *testing.T) {
	for _, v := range Violations(list(t)) {
		t.Error(v)
	}
}

// list asks the go command for all packages of the module.
func list(t *testing.T) []Package {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports", module+"/...")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var packages []Package
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p Package
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("decode the output of go list: %v", err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatal("go list named no package")
	}
	return packages
}

func TestRulesBite(t *testing.T) {
	const m = module
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{m + "/ring", "slices", true},
		{m + "/ring", m + "/fsm", false},
		{m + "/proxy/stmt", "go.uber.org/zap", false},
		{m + "/fsm", "google.golang.org/protobuf/proto", true},
		{m + "/fsm", m + "/fsm/fsmpb", true},
		{m + "/fsm", "github.com/hashicorp/raft", false},
		{m + "/fsm/fsmpb", m + "/proxy", false},
		{m + "/proxy", m + "/cluster", false},
		{m + "/proxy/backend", m + "/cluster/transport", false},
		{m + "/cluster", m + "/proxy/wire", false},
		{m + "/cluster", "github.com/hashicorp/raft-boltdb/v2", true},
		{m + "/cluster/transport", "github.com/hashicorp/raft", true},
		{m + "/cluster", m + "/cluster/storage", true},
		{m + "/cluster/storage", "github.com/hashicorp/raft-boltdb/v2", true},
		{m + "/cluster/storage", m + "/fsm", true},
		{m + "/cluster/storage", m + "/cluster", false},
		{m + "/cluster/storage", m + "/cluster/transport", false},
		{m + "/cluster/failover", m + "/fsm/topology", true},
		{m + "/cluster/failover", m + "/cluster/clusterpb", false},
		{m + "/cluster/failover", "github.com/hashicorp/raft", false},
		{m + "/cluster/failover", "google.golang.org/grpc", false},
		{m + "/cluster", m + "/cluster/failover", true},
		{m + "/cmd/mysqlda/internal/daemon", "github.com/hashicorp/raft", false},
		{m + "/proxy", "github.com/hashicorp/memberlist", false},
		{m + "/proxy", "go.opentelemetry.io/otel/trace", false},
		{m + "/proxy/tracing", "go.opentelemetry.io/otel/trace", true},
		{m + "/proxy", m + "/proxy/tracing", true},
		{m + "/cmd/mysqlda", m + "/cmd/mysqlda/internal/config", true},
		{m + "/cmd/mysqlda/internal/admin", m + "/cmd/mysqlda/internal/console", true},
		{m + "/cmd/mysqlda/internal/console", "embed", true},
		{m + "/cmd/mysqlda/internal/console", m + "/cmd/mysqlda/internal/admin", false},
		{m + "/proxy", m + "/cmd/mysqlda/internal/config", false},
		{m + "/test/harness/cluster", m + "/cmd/mysqlda/internal/config", false},
		{m + "/cmd/mysqlda", m + "/test/harness/wait", false},
		{m + "/scripts/demo", m + "/test/harness/wait", true},
		{m + "/test/jepsen/history", m + "/test/jepsen/cluster", false},
		{m + "/test/jepsen/model", m + "/test/jepsen/history", true},
		{m + "/test/jepsen/model", m + "/test/jepsen/check", false},
		{m + "/test/jepsen/check", m + "/test/jepsen/model", true},
		{m + "/test/jepsen/check", m + "/test/jepsen/workload", false},
		{m + "/test/jepsen/report", m + "/test/jepsen/check", true},
		{m + "/test/jepsen/report", m + "/test/jepsen/cluster", false},
		{m + "/test/jepsen/cluster", m + "/test/harness/cluster", true},
		{m + "/test/jepsen/cluster", m + "/test/jepsen/nemesis", false},
		{m + "/test/jepsen/nemesis", m + "/test/jepsen/cluster", true},
		{m + "/test/jepsen/nemesis", m + "/test/jepsen/workload", false},
		{m + "/test/jepsen/nemesis", m + "/fsm", false},
		{m + "/test/jepsen/nemesis", "golang.org/x/sys/unix", true},
		{m + "/test/jepsen/workload", m + "/test/jepsen/nemesis", false},
		{m + "/test/jepsen", m + "/test/jepsen/nemesis", true},
		{m + "/test/jepsen", m + "/cluster", false},
		{m + "/test/jepsen/another", m + "/test/jepsen/history", false},
	} {
		found := Violations([]Package{{ImportPath: c.from, Imports: []string{c.to}}})
		if (len(found) == 0) != c.allowed {
			t.Errorf("%s imports %s: allowed should be %t, found %q", c.from, c.to, c.allowed, found)
		}
	}
	if found := Violations([]Package{{ImportPath: m + "/proxy/util"}}); len(found) != 1 {
		t.Errorf("a package called util: found %q", found)
	}
}
