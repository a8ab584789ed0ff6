package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/fsm"
)

// exported is a state with names that JSON has to quote.
func exported(t *testing.T) Export {
	t.Helper()
	m := fsm.New()
	apply := func(c interface{ Encode() ([]byte, error) }) {
		command, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if r, err := m.Apply(m.AppliedIndex()+1, command); err != nil || r.Err != nil {
			t.Fatal(err, r.Err)
		}
	}
	apply(fsm.Bootstrap{
		Settings: fsm.Settings{
			ClusterID: strings.Repeat("ab", 16), User: "u", Password: "p", Database: "d",
			UnusedForwardSessionTimeout: time.Minute, MaxShareMille: 500,
		},
		Libraries: []fsm.AddLibrary{{Name: "one", Weight: 1, Servers: []fsm.Server{{Address: "h:1"}}}},
	})
	var i fsm.Import
	for _, core := range []string{"alice", `quo"te`, `back\slash`, "客户-1", "<&>"} {
		i.AddPlacement([]byte(core), 1)
	}
	i.AddBinding("card_no", []byte("1"), []byte("alice"))
	i.AddBinding(`c"`, []byte("é"), []byte("客户-1"))
	apply(&i)
	return Export{Head: ExportHead{Cluster: "c", Node: "n1", Index: m.AppliedIndex(), Time: time.Unix(1, 0).UTC()}, State: m.Snapshot()}
}

func TestAnExportArrivesAsItWas(t *testing.T) {
	node := &fakeNode{export: exported(t)}
	client := NewClient(serve(t, node))
	var got []ExportRecord
	head, end, err := client.Export(t.Context(), func(line []byte, r ExportRecord) error {
		if !json.Valid(line) {
			t.Errorf("%q is no JSON", line)
		}
		got = append(got, r)
		return nil
	})
	if err != nil || !reflect.DeepEqual(head, node.export.Head) || end != (ExportEnd{Placements: 5, Bindings: 2}) {
		t.Fatalf("%+v, %+v, %v", head, end, err)
	}
	want := []ExportRecord{
		{},
		{Core: "alice", Library: "one"},
		{Core: `quo"te`, Library: "one"},
		{Core: `back\slash`, Library: "one"},
		{Core: "客户-1", Library: "one"},
		{Core: "<&>", Library: "one"},
		{Class: "card_no", Object: "1", Core: "alice"},
		{Class: `c"`, Object: "é", Core: "客户-1"},
	}
	if len(got) != len(want)+1 || !slices.Equal(got[:len(want)], want) || got[len(want)].End == nil {
		t.Errorf("%+v", got)
	}
	mine := errors.New("the disk is full")
	if _, _, err := client.Export(t.Context(), func([]byte, ExportRecord) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("an error of the reader's: %v", err)
	}
}

func TestAnExportThatIsCutAnywhereIsNoticed(t *testing.T) {
	var whole bytes.Buffer
	if err := writeExport(&whole, exported(t)); err != nil {
		t.Fatal(err)
	}
	read := func(b []byte) error {
		_, _, err := readExport(bytes.NewReader(b), func([]byte, ExportRecord) error { return nil })
		return err
	}
	if err := read(whole.Bytes()); err != nil {
		t.Fatal(err)
	}
	for n := range whole.Len() - 1 { // the last byte is a line end
		if read(whole.Bytes()[:n]) == nil {
			t.Errorf("cut at byte %d of %d: taken for complete", n, whole.Len())
		}
	}
	lines := bytes.SplitAfter(whole.Bytes(), []byte("\n"))
	for n := range len(lines) - 1 {
		if read(bytes.Join(slices.Delete(slices.Clone(lines), n, n+1), nil)) == nil {
			t.Errorf("without line %d: taken for complete", n+1)
		}
	}
	if read(append(slices.Clone(whole.Bytes()), lines[1]...)) == nil {
		t.Error("with a line behind the end: taken for complete")
	}
}

func TestAnExportThatCannotBeGoesNowhere(t *testing.T) {
	client := NewClient(serve(t, &fakeNode{err: fsm.ErrNoLeader}))
	refused := new(RefusedError)
	if _, _, err := client.Export(t.Context(), nil); !errors.As(err, &refused) || refused.StatusCode != 503 {
		t.Error(err)
	}
}

func TestFewExportsAreUnderWayAtATime(t *testing.T) {
	s := New(Config{Node: &fakeNode{export: exported(t)}, Logger: zaptest.NewLogger(t), Metrics: prometheus.NewRegistry()})
	for range maxExports {
		s.exports <- struct{}{}
	}
	w := httptest.NewRecorder()
	s.export(w, nil)
	if w.Code != 503 || !strings.Contains(w.Body.String(), "under way") {
		t.Errorf("%d %s", w.Code, w.Body.String())
	}
}

func TestAWriteErrorEndsAnExport(t *testing.T) {
	e := exported(t)
	broken := errors.New("the client is gone")
	if err := writeExport(failing{broken}, e); !errors.Is(err, broken) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestImportRequests(t *testing.T) {
	node := &fakeNode{}
	address := serve(t, node)
	var records fsm.Import
	records.AddPlacement([]byte("alice"), 1)
	sender := NewImporter("cluster-1", 1)
	defer sender.Close()
	if r, err := sender.Import(t.Context(), address, &records); err != nil || r.Added != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if want := `[import 1 records into cluster-1]`; fmt.Sprint(node.asked) != want {
		t.Errorf("asked %v", node.asked)
	}
	for _, c := range []struct {
		name, contentType, body string
		code                    int
	}{
		{"what a web page can post", "text/plain", "", 415},
		{"no message", importType, "\xff\xff", 400},
		{"a bad name", importType, "\x0a\x05\x03a b\x01", 400},
		{"half a record", importType, "\x0a\x02\x03a", 400},
		{"too large", importType, strings.Repeat("x", maxImportBody+1), 413},
	} {
		if code, body := ask(t, "POST", address, "/api/v1/import", c.contentType, c.body); code != c.code {
			t.Errorf("%s: %d %s", c.name, code, body)
		}
	}
	if len(node.asked) != 1 {
		t.Errorf("asked %v", node.asked)
	}
	node.err = fsm.ErrOverloaded
	refused := new(RefusedError)
	if _, err := sender.Import(t.Context(), address, &records); !errors.As(err, &refused) || refused.StatusCode != 503 {
		t.Error(err)
	}
}
