package wire

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestReadTableReadsNamedColumns(t *testing.T) {
	columns := TextColumns("Name", "Value")
	for _, caps := range []Capability{0, ClientDeprecateEOF, ClientDeprecateEOF | MariadbExtendedMetadata, ClientOptionalResultsetMetadata} {
		caps |= ClientProtocol41
		for _, rows := range [][][]string{nil, {{"a", ""}}, {{"a", "1"}, {"b", strings.Repeat("x", maxValue)}}} {
			from := bytes.NewReader(append(AppendTextResult(nil, 1, caps, StatusAutocommit, columns, rows), "beyond"...))
			table, err := ReadTable(from, caps)
			if err != nil {
				t.Fatalf("%s: %v", caps, err)
			}
			if !slices.Equal(table.Columns, []string{"Name", "Value"}) || len(table.Rows) != len(rows) {
				t.Fatalf("%s: %q", caps, table)
			}
			for i, row := range rows {
				if string(table.Rows[i][0]) != row[0] || string(table.Rows[i][1]) != row[1] || table.Rows[i][1] == nil {
					t.Errorf("%s: row %d is %.40q", caps, i, table.Rows[i])
				}
			}
			if from.Len() != len("beyond") {
				t.Errorf("%d bytes behind the table were read", len("beyond")-from.Len())
			}
		}
	}
}

func TestReadTableTellsWhatIsNoTable(t *testing.T) {
	definition := []byte("\x03def\x00\x00\x00\x01c\x00\x0c...")
	end := []byte{0xfe, 0, 0, 2, 0, 0, 0}
	for _, test := range []struct {
		name    string
		packets [][]byte
		want    string
	}{
		{"an OK", [][]byte{{0, 1, 0, 2, 0, 0, 0}}, "&{[] []}"},
		{"a NULL", [][]byte{{1}, definition, {0xfb}, end}, "&{[c] [[[]]]}"},
		{"a refusal", [][]byte{[]byte("\xff\xcb\x04#42000no right")}, "1227 (42000): no right"},
		{"a refusal in the middle", [][]byte{{1}, definition, []byte("\xff\xcb\x04#42000no right")}, "1227 (42000): no right"},
		{"another result behind an OK", [][]byte{{0, 1, 0, 8, 0, 0, 0}}, "more than one result"},
		{"another result behind rows", [][]byte{{1}, definition, {0xfe, 0, 0, 8, 0, 0, 0}}, "more than one result"},
		{"too many columns", [][]byte{{0xfc, 0, 1}}, "256 columns"},
		{"a broken definition", [][]byte{{1}, []byte("\x09def")}, "broken column definition"},
		{"a row with less", [][]byte{{1}, definition, []byte("\x02a")}, "broken row"},
		{"a row with more", [][]byte{{1}, definition, []byte("\x01a\x01b")}, "broken row"},
		{"a client's file", [][]byte{[]byte("\xfbfile")}, "columns"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b []byte
			for i, p := range test.packets {
				b = append(b, packetOf(uint8(i+1), p)...)
			}
			table, err := ReadTable(bytes.NewReader(b), ClientDeprecateEOF)
			got := fmt.Sprint(table)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestReadTableIsBounded(t *testing.T) {
	rows := make([][]string, maxTableRows+1)
	for i := range rows {
		rows[i] = []string{""}
	}
	large := make([][]string, maxTableBytes/maxValue+1)
	for i := range large {
		large[i] = []string{strings.Repeat("x", maxValue)}
	}
	for _, rows := range [][][]string{rows, large} {
		b := AppendTextResult(nil, 1, 0, 0, TextColumns("c"), rows)
		if _, err := ReadTable(bytes.NewReader(b), 0); !errors.Is(err, ErrNoServer) {
			t.Errorf("%d rows: %v", len(rows), err)
		}
	}
}

func FuzzReadTable(f *testing.F) {
	for _, caps := range []Capability{0, ClientDeprecateEOF, ClientOptionalResultsetMetadata, MariadbExtendedMetadata | ClientDeprecateEOF} {
		f.Add(uint64(caps), AppendTextResult(nil, 1, caps|ClientProtocol41, 2, TextColumns("a", "b"), [][]string{{"1", ""}, {"2", "x"}}))
		f.Add(uint64(caps), packetOf(1, []byte{0, 1, 0, 2, 0, 0, 0}))
	}
	f.Fuzz(func(t *testing.T, caps uint64, b []byte) {
		table, err := ReadTable(bytes.NewReader(b), Capability(caps))
		if err != nil {
			if table != nil {
				t.Errorf("%q with %v", table, err)
			}
			return
		}
		for _, row := range table.Rows {
			if len(row) != len(table.Columns) {
				t.Errorf("%d values in %d columns", len(row), len(table.Columns))
			}
		}
	})
}
