package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"time"
)

// Path is where the console is mounted.
const Path = "/console/"

const document = "index.html"

//go:embed page
var pages embed.FS

// contentTypes are those of the files there are. The operating system's table, which
// the standard library would ask, differs from machine to machine.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// securityHeaders hold the browser to what the console needs: its own files and the
// API beside them.
var securityHeaders = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	// Files may be kept, but are asked for again: after an upgrade of the node they
	// have to fit each other.
	"Cache-Control": "no-cache",
}

// Handler serves the console below Path. It may be used from any goroutine.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range securityHeaders {
			w.Header().Set(name, value)
		}
		name := strings.TrimPrefix(r.URL.Path, Path)
		if name == "" {
			name = document
		}
		kind, known := contentTypes[path.Ext(name)]
		content, err := pages.ReadFile("page/" + name)
		if err != nil || !known { // there is no other error of an embedded file
			http.Error(w, "the console has no such page; it begins at "+Path, http.StatusNotFound)
			return
		}
		sum := sha256.Sum256(content)
		w.Header().Set("Content-Type", kind)
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}
