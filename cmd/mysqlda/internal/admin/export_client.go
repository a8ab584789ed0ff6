package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// maxExportLine bounds a line of an export, in bytes: three names, each byte of
// which may be written as six.
const maxExportLine = 4 << 10

// Export has the node give away all placements and bindings as they are at one
// moment. The lines are given to each, which must not keep them, as they come: the
// head (an ExportHead), records, and last the end. Unless all of them came there
// is an error.
func (c *Client) Export(ctx context.Context, each func(line []byte, record ExportRecord) error) (ExportHead, ExportEnd, error) {
	body, err := c.stream(ctx, "export")
	if err != nil {
		return ExportHead{}, ExportEnd{}, err
	}
	defer body.Close()
	return readExport(body, each)
}

// readExport reads all lines and checks that none is missing.
func readExport(body io.Reader, each func(line []byte, record ExportRecord) error) (head ExportHead, end ExportEnd, err error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, maxExportLine), maxExportLine)
	if !lines.Scan() {
		return head, end, cutOff(lines.Err())
	}
	if err := json.Unmarshal(lines.Bytes(), &head); err != nil {
		return head, end, fmt.Errorf("the first line of the export cannot be read: %w", err)
	}
	if err := each(lines.Bytes(), ExportRecord{}); err != nil {
		return head, end, err
	}
	var got ExportEnd
	for lines.Scan() {
		var r ExportRecord
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return head, end, fmt.Errorf("a line of the export cannot be read: %w", err)
		}
		if err := each(lines.Bytes(), r); err != nil {
			return head, end, err
		}
		switch {
		case r.End != nil:
			if got != *r.End || lines.Scan() {
				return head, end, fmt.Errorf("the export has %d placements and %d bindings, and says %d and %d", got.Placements, got.Bindings, r.End.Placements, r.End.Bindings)
			}
			return head, got, lines.Err()
		case r.Class != "":
			got.Bindings++
		default:
			got.Placements++
		}
	}
	return head, end, cutOff(lines.Err())
}

func cutOff(err error) error {
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("the export is not complete: %w", err)
}
