package admin

import (
	"net/http"
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/console"
)

// front sends browsers to the console. To programs there is nothing at "/".
func (s *Server) front(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.nothingHere(w, r)
		return
	}
	http.Redirect(w, r, console.Path, http.StatusFound)
}
