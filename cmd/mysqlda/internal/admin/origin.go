package admin

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"sync"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster"
)

// operatorHeader is who sends a request, as the sender says: a name that is
// escaped as in the path of a URL.
const operatorHeader = "Mysqlda-Operator"

// unknownOperator is who sends a request that does not say.
const unknownOperator = "unknown"

// originOf says for the audit trail who sends a request, and from where. Where
// operators are not authenticated the name is only what the sender says; nothing may
// be allowed because of it.
func originOf(r *http.Request) (who, from string) {
	if who = Operator(r); who == "" {
		who = claimed(r)
	}
	from, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		from = r.RemoteAddr
	}
	return who, from
}

// claimed is who sends a request, as the sender says.
func claimed(r *http.Request) string {
	who, err := url.PathUnescape(r.Header.Get(operatorHeader))
	if err != nil || !mayClaim(who) {
		return unknownOperator
	}
	return who
}

// attributed has all that a request does carry its origin.
func attributed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, from := originOf(r)
		h.ServeHTTP(w, r.WithContext(cluster.WithOrigin(r.Context(), who, from)))
	})
}

// By are fields of a log line that say on whose behalf something is done with ctx.
func By(ctx context.Context) []zap.Field {
	who, from := cluster.OriginOf(ctx)
	return []zap.Field{zap.String("by", who), zap.String("remote", from)}
}

// operator is who runs this process, user@host.
var operator = sync.OnceValue(func() string {
	name := unknownOperator
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
})

// As returns a client whose requests say that they are somebody else's than the
// operating system's user who runs this process.
func (c *Client) As(who string) *Client {
	other := *c
	other.who = who
	return &other
}

// sign says in a request whose it is.
func (c *Client) sign(request *http.Request) {
	who := c.who
	if who == "" {
		who = operator()
	}
	request.Header.Set(operatorHeader, url.PathEscape(who))
}
