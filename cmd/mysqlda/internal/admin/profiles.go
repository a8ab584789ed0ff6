package admin

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime/pprof"
)

// profile answers with one of the runtime's profiles, as of now. They tell of code
// and of sizes, and nothing of what is in memory. With ?text=1 it is for people.
func (s *Server) profile(w http.ResponseWriter, r *http.Request) {
	found := pprof.Lookup(r.PathValue("profile"))
	if found == nil {
		s.nothingHere(w, r)
		return
	}
	form, kind := 0, "application/octet-stream"
	if r.URL.Query().Get("text") == "1" {
		form, kind = 2, "text/plain; charset=utf-8" // of goroutines, each for itself
	}
	var out bytes.Buffer
	if err := found.WriteTo(&out, form); err != nil {
		s.answer(w, nil, fmt.Errorf("profile %s: %w", found.Name(), err))
		return
	}
	w.Header().Set("Content-Type", kind)
	s.wrote(w.Write(out.Bytes()))
}

// Read asks for what a node serves at a path as it is, such as its metrics: at most
// 64 MiB.
func (c *Client) Read(ctx context.Context, path string) ([]byte, error) {
	request, err := c.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.unreachable(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return nil, fmt.Errorf("answer of the node at %s: %w", c.address, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, c.refused(response, answer)
	}
	return answer, nil
}
