package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"

	"github.com/mysqlda/mysqlda/fsm"
)

// jsonLines writes an export as JSON objects, one a line: the head, placements,
// bindings, and the end, without which lines are missing.
type jsonLines struct {
	out     *bufio.Writer
	encoder *json.Encoder
}

type lineHead struct {
	Cluster string `json:"cluster"`
	Index   uint64 `json:"index"`
	Digest  string `json:"digest"`
}

type linePlacement struct {
	Core    string `json:"core"`
	Library string `json:"library"`
}

type lineBinding struct {
	Class  string `json:"class"`
	Object string `json:"object"`
	Core   string `json:"core"`
}

type lineEnd struct {
	End struct {
		Placements uint64 `json:"placements"`
		Bindings   uint64 `json:"bindings"`
	} `json:"end"`
}

func newJSONLines(w io.Writer) *jsonLines {
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return &jsonLines{out: out, encoder: encoder}
}

func (l *jsonLines) begin(info fsm.SnapshotInfo) error {
	head := lineHead{Index: info.Index, Digest: info.Digest.String()}
	if info.Settings != nil {
		head.Cluster = info.Settings.ClusterID
	}
	return l.encoder.Encode(head)
}

// Placement writes a line.
func (l *jsonLines) Placement(core, library string) error {
	return l.encoder.Encode(linePlacement{core, library})
}

// Binding writes a line.
func (l *jsonLines) Binding(class, object, core string) error {
	return l.encoder.Encode(lineBinding{class, object, core})
}

func (l *jsonLines) end(info fsm.SnapshotInfo) error {
	var end lineEnd
	end.End.Placements, end.End.Bindings = info.Placements, info.Bindings
	return errors.Join(l.encoder.Encode(end), l.out.Flush())
}
