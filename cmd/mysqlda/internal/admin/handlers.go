package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"go.uber.org/zap"
)

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	s.text(w, http.StatusOK, "ok")
}

// readyz says whether clients may be sent to the node. With ?strict=1 they may not
// when only some libraries can be used through it.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if err := s.node.Ready(); err != nil {
		s.text(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	reason, all := s.node.Degraded()
	switch {
	case reason == "":
		s.text(w, http.StatusOK, "ready")
	case all || r.URL.Query().Get("strict") == "1":
		s.text(w, http.StatusServiceUnavailable, reason)
	default:
		s.text(w, http.StatusOK, "ready, but "+reason)
	}
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	status, err := s.node.Status()
	s.answer(w, status, err)
}

func (s *Server) locate(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readRequestTimeout)
	defer cancel()
	location, err := s.locatedBy(ctx, r.URL.Query())
	s.answer(w, location, err)
}

// locatedBy finds a core object by its name, or by that of a correlated object.
func (s *Server) locatedBy(ctx context.Context, query url.Values) (Location, error) {
	if !query.Has("class") && !query.Has("object") {
		return s.node.Locate(ctx, query.Get("core"))
	}
	if query.Has("core") {
		return Location{}, fmt.Errorf("%w: give either core, or class and object", ErrBadRequest)
	}
	return s.node.LocateCorrelated(ctx, query.Get("class"), query.Get("object"))
}

func (s *Server) effective(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, s.node.Effective(), nil)
}

func (s *Server) changeLibraries(w http.ResponseWriter, r *http.Request) {
	var request LibraryChanges
	s.change(w, r, changeTimeout, &request, func(ctx context.Context) error {
		return s.node.ChangeLibraries(ctx, request)
	})
}

func (s *Server) changeSettings(w http.ResponseWriter, r *http.Request) {
	var request SettingsChange
	s.change(w, r, changeTimeout, &request, func(ctx context.Context) error {
		return s.node.ChangeSettings(ctx, request)
	})
}

func (s *Server) compareSettings(w http.ResponseWriter, r *http.Request) {
	var request SettingsChange
	if status, err := decode(w, r, &request); err != nil {
		s.write(w, status, Problem{err.Error()})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readRequestTimeout)
	defer cancel()
	difference, err := s.node.CompareSettings(ctx, request)
	s.answer(w, difference, err)
}

func (s *Server) join(w http.ResponseWriter, r *http.Request) {
	var request JoinRequest
	s.change(w, r, joinTimeout, &request, func(ctx context.Context) error {
		return s.node.Join(ctx, request)
	})
}

func (s *Server) leave(w http.ResponseWriter, r *http.Request) {
	s.change(w, r, memberTimeout, &struct{}{}, s.node.Leave)
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), memberTimeout)
	defer cancel()
	s.answer(w, struct{}{}, s.node.Remove(ctx, r.PathValue("id")))
}

func (s *Server) nothingHere(w http.ResponseWriter, r *http.Request) {
	s.write(w, http.StatusNotFound, Problem{fmt.Sprintf("there is no %s %s", r.Method, r.URL.Path)})
}

// change decodes a request that changes something, does it within the timeout
// and answers.
func (s *Server) change(w http.ResponseWriter, r *http.Request, timeout time.Duration, request any, do func(context.Context) error) {
	if status, err := decode(w, r, request); err != nil {
		s.write(w, status, Problem{err.Error()})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	s.answer(w, struct{}{}, do(ctx))
}

// decode reads a JSON body into request. Other content types are refused because
// any web page can make a browser post them here.
func decode(w http.ResponseWriter, r *http.Request, request any) (status int, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return http.StatusUnsupportedMediaType, errors.New("the request needs Content-Type: application/json")
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(request)
	if err == nil {
		if _, more := decoder.Token(); more == io.EOF {
			return http.StatusOK, nil
		}
		err = errors.New("something follows the JSON value")
	}
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge, fmt.Errorf("the request has more than %d bytes", tooLarge.Limit)
	}
	return http.StatusBadRequest, fmt.Errorf("%w: %w", ErrBadRequest, err)
}

// answer writes the value, or the problem if err is not nil.
func (s *Server) answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		s.write(w, statusOf(err), problemOf(err))
		return
	}
	s.write(w, http.StatusOK, value)
}

func (s *Server) text(w http.ResponseWriter, status int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	s.wrote(io.WriteString(w, line+"\n"))
}

func (s *Server) write(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		s.logger.Error("an answer of the HTTP API cannot be encoded", zap.Error(err))
		http.Error(w, `{"error": "the answer cannot be encoded"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	s.wrote(w.Write(append(body, '\n')))
}

// wrote notes a client that went away before it had its answer.
func (s *Server) wrote(_ int, err error) {
	if err != nil {
		s.logger.Debug("an answer of the HTTP API was not delivered", zap.Error(err))
	}
}
