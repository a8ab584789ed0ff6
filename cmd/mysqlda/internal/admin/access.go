package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Access says who may use the HTTP address. Without it everybody who reaches it may
// do everything.
type Access struct {
	// Tokens are the operators' at the moment; nil: tokens do not count.
	Tokens func() *TokenSet
	// Certificates are the clients' that count; nil: they do not.
	Certificates *Certificates
	// Open are the pages that need neither.
	Open []Page
}

// Page is a part of what a Server serves that may be open to everybody.
type Page string

// The pages.
const (
	Probes     Page = "probes"  // /healthz, /readyz
	Metrics    Page = "metrics" // /metrics
	StatusPage Page = "status"  // GET /api/v1/status
)

// pageOf is the page that a request is for, "" if that is never open. What is not
// listed here needs authentication.
func pageOf(r *http.Request) Page {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return ""
	}
	switch r.URL.Path {
	case "/healthz", "/readyz":
		return Probes
	case "/metrics":
		return Metrics
	case "/api/v1/status":
		return StatusPage
	}
	return ""
}

// refusals is how many refused requests are logged in a refusalWindow.
const (
	refusals      = 10
	refusalWindow = 10 * time.Second
	maxShownPath  = 100
)

var (
	errNoCredentials = errors.New("this node asks who you are: show a token (--token-file or MYSQLDA_TOKEN_FILE; in HTTP, Authorization: Bearer TOKEN) or a client certificate (--cert, --key), or name the node's config file with -f")
	errBadToken      = errors.New("the token is not one that this node knows (http.token_file)")
)

// reasonOf is what the log says of a refusal; who was refused is told what to do.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, errNoCredentials):
		return "neither a token nor a certificate was shown"
	case errors.Is(err, errBadToken):
		return "the token is not known"
	default:
		return err.Error()
	}
}

type operatorKey struct{}

// Operator is the name of the operator who has sent a request: that of the token, or
// of the client certificate. It is "" where the API is open to everybody.
func Operator(r *http.Request) string {
	name, _ := r.Context().Value(operatorKey{}).(string)
	return name
}

// authenticate finds out who has sent a request. A token counts before a certificate.
func (a *Access) authenticate(r *http.Request) (name string, err error) {
	if token, shown := tokenOf(r); shown {
		if a.Tokens != nil {
			if name, found := a.Tokens().operator(token); found {
				return name, nil
			}
		}
		return "", errBadToken
	}
	if a.Certificates != nil && r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return a.Certificates.operator(r.TLS)
	}
	return "", errNoCredentials
}

// tokenOf reads the token of a request: a bearer's, or the password of basic
// authentication, which is what browsers can ask for.
func tokenOf(r *http.Request) (token string, shown bool) {
	if _, password, ok := r.BasicAuth(); ok {
		return password, true
	}
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return "", kind != ""
	}
	return strings.TrimSpace(token), true
}

// guard lets requests through to next that may be made, and says who makes them. Where
// nobody has to say who it is, the host that is asked for must be one of the names.
func (s *Server) guard(a *Access, names []string, next http.Handler) http.Handler {
	refuse := func(w http.ResponseWriter, status int, problem Problem) { s.write(w, status, problem) }
	next = ownPages(next, refuse)
	if a == nil {
		return known(names, next, refuse)
	}
	warnings := s.logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, refusalWindow, refusals, 0)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, err := a.authenticate(r)
		if err == nil {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), operatorKey{}, name)))
			return
		}
		if slices.Contains(a.Open, pageOf(r)) {
			next.ServeHTTP(w, r)
			return
		}
		warnings.Warn("a request without the right to make it was refused", zap.String("remote", r.RemoteAddr),
			zap.String("method", r.Method[:min(len(r.Method), maxShownPath)]), zap.String("path", r.URL.Path[:min(len(r.URL.Path), maxShownPath)]), zap.String("reason", reasonOf(err)))
		status := http.StatusForbidden
		switch {
		case errors.Is(err, errNoCredentials), errors.Is(err, errBadToken):
			status = http.StatusUnauthorized
			w.Header().Set("WWW-Authenticate", `Basic realm="mysqlda: any name, and a token as password"`)
		case errors.Is(err, ErrNotRunning):
			status = http.StatusServiceUnavailable
		}
		s.write(w, status, Problem{err.Error()})
	})
}
