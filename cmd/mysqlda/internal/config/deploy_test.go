package config

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const deploy = "../../../../scripts/deploy/"

// documents reads all documents of a YAML file.
func documents(t *testing.T, file string) []map[string]any {
	t.Helper()
	text, err := os.ReadFile(deploy + file)
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var one map[string]any
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, one)
	}
}

// at goes down into a document by keys and indexes; nothing there ends the test.
func at(t *testing.T, from any, path ...any) any {
	t.Helper()
	for i, step := range path {
		switch node := from.(type) {
		case map[string]any:
			from = node[step.(string)]
		case []any:
			from = node[step.(int)]
		}
		if from == nil {
			t.Fatalf("there is no %v", path[:i+1])
		}
	}
	return from
}

// wantContainerNode checks a config file for nodes in containers.
func wantContainerNode(t *testing.T, cfg *Config, dataDir string) {
	t.Helper()
	if err := cfg.Seed(); err != nil {
		t.Error(err)
	}
	if cfg.Node.ID != "" || cfg.Node.Advertise != "" || !cfg.Cluster.Present || !strings.HasPrefix(cfg.Node.DataDir, dataDir) {
		t.Errorf("all nodes share it: %+v, %+v", cfg.Node, cfg.Cluster)
	}
	if cfg.Server.Listen != "0.0.0.0:13306" || cfg.Cluster.Listen != "0.0.0.0:13307" || cfg.Cluster.Gossip != "0.0.0.0:13308" || cfg.HTTP.Listen != "0.0.0.0:13309" {
		t.Errorf("the image exposes other ports: %s %s %s %s", cfg.Server.Listen, cfg.Cluster.Listen, cfg.Cluster.Gossip, cfg.HTTP.Listen)
	}
}

func TestTheComposeFileAndItsConfigFileFit(t *testing.T) {
	t.Parallel()
	cfg, err := Load(deploy + "mysqlda.conf")
	if err != nil {
		t.Fatal(err)
	}
	wantContainerNode(t, cfg, "/var/lib/mysqlda")
	compose := documents(t, "compose.yaml")[0]
	services := at(t, compose, "services").(map[string]any)
	for _, f := range cfg.Forwards {
		host, _, _ := strings.Cut(f.Servers[0], ":")
		environment := at(t, services, host, "environment")
		for key, want := range map[string]string{
			"MARIADB_USER": cfg.Auth.User, "MARIADB_PASSWORD": string(cfg.Auth.Password), "MARIADB_DATABASE": cfg.Auth.Database,
		} {
			if got := at(t, environment, key); got != want {
				t.Errorf("%s: %s is %v, the nodes use %q", host, key, got, want)
			}
		}
	}
	for _, name := range []string{"n1", "n2", "n3"} {
		node := services[name].(map[string]any)
		wantStart(t, at(t, node, "command").([]any)[:3])
		mounts := at(t, node, "volumes").([]any)
		if !slices.Contains(mounts, any("./mysqlda.conf:/etc/mysqlda/mysqlda.conf:ro")) || !slices.Contains(mounts, any(name+":/var/lib/mysqlda")) {
			t.Errorf("%s mounts %v", name, mounts)
		}
		at(t, compose, "volumes", name)
		if _, err := os.Stat(deploy + "../../" + at(t, node, "build", "dockerfile").(string)); err != nil {
			t.Error(err)
		}
	}
}

func wantStart(t *testing.T, command []any) {
	t.Helper()
	if !slices.Equal(command, []any{"start", "-f", "/etc/mysqlda/mysqlda.conf"}) {
		t.Errorf("the command is %v", command)
	}
}

func TestTheStatefulSetFitsItsConfigFile(t *testing.T) {
	t.Parallel()
	byKind := make(map[string]map[string]any)
	var services []string
	for _, d := range documents(t, "kubernetes.yaml") {
		byKind[d["kind"].(string)] = d
		if d["kind"] == "Service" {
			services = append(services, at(t, d, "metadata", "name").(string))
		}
	}
	text := at(t, byKind["Secret"], "stringData", "mysqlda.conf").(string)
	cfg, err := Parse("/etc/mysqlda/mysqlda.conf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	wantContainerNode(t, cfg, "/var/lib/mysqlda")
	set := byKind["StatefulSet"]
	if name := at(t, set, "spec", "serviceName"); !slices.Contains(services, name.(string)) {
		t.Errorf("there is no service %v", name)
	}
	pod := at(t, set, "spec", "template", "spec")
	container := at(t, pod, "containers", 0)
	grace := at(t, pod, "terminationGracePeriodSeconds").(int)
	if grace <= int(cfg.Server.ShutdownTimeout.Seconds())+5 {
		t.Errorf("a node that stops gets %d s and needs more", grace)
	}
	for probe, path := range map[string]string{"readinessProbe": "/readyz", "livenessProbe": "/healthz"} {
		if got := at(t, container, probe, "httpGet", "path"); got != path {
			t.Errorf("%s asks %v", probe, got)
		}
	}
	script := at(t, container, "command", 2).(string)
	if !strings.Contains(script, "--join mysqlda-0."+at(t, set, "spec", "serviceName").(string)+":13307") {
		t.Errorf("nodes join by another name: %s", script)
	}
	labels := at(t, set, "spec", "template", "metadata", "labels", "app.kubernetes.io/name")
	for _, kind := range []string{"PodDisruptionBudget", "StatefulSet"} {
		if got := at(t, byKind[kind], "spec", "selector", "matchLabels", "app.kubernetes.io/name"); got != labels {
			t.Errorf("%s selects %v", kind, got)
		}
	}
}

func TestTheImageIsMadeOfWhatTheConfigFilesName(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(deploy + "Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`(?m)^USER 10001:10001$`, `(?m)^VOLUME /var/lib/mysqlda$`, `(?m)^EXPOSE 13306 13307 13308 13308/udp 13309$`,
		`"/usr/bin/mysqlda", "status", "--http", "127.0.0.1:13309"`, `CGO_ENABLED=0`,
		`(?m)^CMD \["start", "-f", "/etc/mysqlda/mysqlda.conf"\]$`,
	} {
		if !regexp.MustCompile(want).Match(text) {
			t.Errorf("there is no %s", want)
		}
	}
	module, err := os.ReadFile(deploy + "../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	needs := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	if image := regexp.MustCompile(`golang:(\S+)`).FindSubmatch(text); string(image[1]) != string(needs[1]) {
		t.Errorf("it is built with Go %s, and go.mod needs %s", image[1], needs[1])
	}
}
