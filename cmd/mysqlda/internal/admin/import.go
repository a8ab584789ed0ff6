package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

const (
	importType    = "application/x-protobuf" // an fsmpb.Import
	clusterHeader = "Mysqlda-Cluster"        // the cluster id whose library ids the records have
	// maxImportBody leaves room for the message around the records.
	maxImportBody = fsm.MaxImportBytes + 64
	importTimeout = 15 * time.Second
	// importIdle is how long the connections of an import are kept between two
	// requests.
	importIdle = 20 * time.Second
)

// ImportResult is what became of the records of one import.
type ImportResult struct {
	Added     uint64           `json:"added"`
	Present   uint64           `json:"present"` // known already
	Conflicts []ImportConflict `json:"conflicts,omitempty"`
}

// ImportConflict is a record that contradicts what the cluster knows.
type ImportConflict struct {
	Record int    `json:"record"` // counted from 0, the bindings after the placements
	Error  string `json:"error"`
}

func (s *Server) importRecords(w http.ResponseWriter, r *http.Request) {
	records, status, err := decodeImport(w, r)
	if err != nil {
		s.write(w, status, Problem{err.Error()})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), importTimeout)
	defer cancel()
	result, err := s.node.Import(ctx, r.Header.Get(clusterHeader), records)
	s.answer(w, result, err)
}

// decodeImport reads a body of records. The content type is one that no web page
// can make a browser post.
func decodeImport(w http.ResponseWriter, r *http.Request) (records fsm.Import, status int, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != importType {
		return records, http.StatusUnsupportedMediaType, errors.New("the request needs Content-Type: " + importType)
	}
	body, err := readBody(http.MaxBytesReader(w, r.Body, maxImportBody), r.ContentLength)
	if err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return records, http.StatusRequestEntityTooLarge, fmt.Errorf("the request has more than %d bytes", tooLarge.Limit)
		}
		return records, http.StatusBadRequest, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	message := new(fsmpb.Import)
	if err := proto.Unmarshal(body, message); err != nil {
		return records, http.StatusBadRequest, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	if records, err = fsm.ImportFromProto(message); err != nil {
		return records, http.StatusBadRequest, err
	}
	return records, http.StatusOK, nil
}

// readBody reads all of a body whose length is mostly announced.
func readBody(body io.Reader, announced int64) ([]byte, error) {
	var b bytes.Buffer
	if announced > 0 {
		b.Grow(int(min(announced, maxImportBody)) + bytes.MinRead)
	}
	_, err := b.ReadFrom(body)
	return b.Bytes(), err
}

// Importer sends records over connections that are kept. It may be used from any
// goroutine.
type Importer struct {
	cluster string
	named   string // the address that may be shown everything
	shown   Credentials
	http    *http.Client
}

// NewImporter makes an importer for records with the library ids of that cluster,
// which uses at most so many connections at a time.
func NewImporter(cluster string, connections int, shown Credentials) *Importer {
	transport := shown.transport()
	transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost = connections, connections
	transport.IdleConnTimeout, transport.DisableCompression = importIdle, true
	return &Importer{
		cluster: cluster, shown: shown,
		http: &http.Client{Transport: transport, Timeout: importTimeout + 5*time.Second},
	}
}

// Import has the node at address put the records into its cluster. The records
// are idempotent: after an error they may be sent again, to any node.
func (i *Importer) Import(ctx context.Context, address string, records *fsm.Import) (ImportResult, error) {
	c := &Client{address: address, shown: i.shown, http: i.http}
	if address != i.named {
		c.shown = i.shown.ToOther(address)
	}
	body, err := proto.Marshal(records.Proto())
	if err != nil {
		return ImportResult{}, fmt.Errorf("request to %s: %w", address, err)
	}
	request, err := c.request(ctx, http.MethodPost, "/api/v1/import", bytes.NewReader(body))
	if err != nil {
		return ImportResult{}, err
	}
	request.Header.Set("Content-Type", importType)
	request.Header.Set(clusterHeader, i.cluster)
	c.sign(request)
	response, err := i.http.Do(request)
	if err != nil {
		return ImportResult{}, c.unreachable(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return ImportResult{}, fmt.Errorf("answer of the node at %s: %w", address, err)
	}
	if response.StatusCode != http.StatusOK {
		return ImportResult{}, c.refused(response, answer)
	}
	var result ImportResult
	if err := json.Unmarshal(answer, &result); err != nil {
		return ImportResult{}, fmt.Errorf("what answers at %s is not a mysqlda node: %w", address, err)
	}
	return result, nil
}

// Close closes the connections that nobody uses.
func (i *Importer) Close() { i.http.CloseIdleConnections() }
