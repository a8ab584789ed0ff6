package bundle

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/credentials"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/doctor"
)

// answerTimeout bounds each question to the node.
const answerTimeout = 10 * time.Second

// Part is a file of the bundle.
type Part struct {
	Name    string
	Content []byte
}

// Input is what a bundle is made of.
type Input struct {
	Config  *config.Config
	Version string // the program's release
	Log     string // path of the node's log; "" for none
}

// Collect gathers the parts and says what could not be had and why, which is a part
// as well. It takes as long as a doctor.Examine and some seconds; ctx ends it sooner.
func Collect(ctx context.Context, in Input) (parts []Part, missing []string) {
	hide := newHider(in.Config)
	add := func(name string, content []byte, err error) {
		if err != nil {
			missing = append(missing, hide.text(fmt.Sprintf("%s: %v", name, err)))
			return
		}
		parts = append(parts, Part{name, []byte(hide.text(string(content)))})
	}
	addJSON := func(name string, value any) {
		content, err := json.MarshalIndent(value, "", "  ")
		add(name, content, err)
	}

	add("machine.txt", []byte(machine(in)), nil)
	addJSON("config.json", in.Config)
	addJSON("doctor.json", doctor.Examine(ctx, in.Config.Path))
	names, err := listing(in.Config.Node.DataDir)
	add("data_dir.txt", []byte(names), err)
	if in.Log != "" {
		tail, err := logTail(in.Log)
		add("log.txt", tail, err)
	}
	// Without credentials the node says what is missing.
	shown, err := credentials.Of(in.Config, credentials.Files{})
	if err != nil {
		add("credentials.txt", nil, err)
	}
	client := admin.NewClient(config.Dialable(in.Config.HTTP.Listen), shown)
	for _, q := range []struct{ name, path string }{
		{"status.json", "/api/v1/status"},
		{"metrics.txt", "/metrics"},
		{"goroutines.txt", "/debug/pprof/goroutine?text=1"},
	} {
		content, err := ask(ctx, client, q.path)
		add(q.name, content, err)
	}
	heap, err := ask(ctx, client, "/debug/pprof/heap")
	if err == nil {
		parts = append(parts, Part{"heap.pprof", heap}) // compressed, and without contents of memory
	} else {
		missing = append(missing, fmt.Sprintf("heap.pprof: %v", err))
	}
	if missing != nil {
		add("missing.txt", []byte(strings.Join(missing, "\n")+"\n"), nil)
	}
	return parts, missing
}

func ask(ctx context.Context, client *admin.Client, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	content, err := client.Read(ctx, path)
	if err != nil && strings.HasPrefix(path, "/debug/") {
		err = fmt.Errorf("%w (profiles need http.debug true in the config file)", err)
	}
	return content, err
}

// listing names what is in a directory, with modes, sizes and times.
func listing(dir string) (string, error) {
	var out strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "%s %12d %s %s\n", info.Mode(), info.Size(), info.ModTime().UTC().Format(time.RFC3339), path)
		return nil
	})
	return out.String(), err
}
