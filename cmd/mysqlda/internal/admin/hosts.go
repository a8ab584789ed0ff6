package admin

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxShownHost bounds what is repeated of a name that was asked for.
const maxShownHost = 100

// known lets requests through to next that ask for a host which is this node's for
// sure. A page on the web can have its own name lead to the node's address, and then
// its script, in the browser of somebody whom the network lets in, asks the node as it
// asks where it came from; but the requests have that name in them. Addresses, and
// names that the config knows, cannot be had that way. Probes and metrics tell nothing
// worth it, and are asked for by whatever name.
func known(names []string, next http.Handler, refuse func(http.ResponseWriter, int, Problem)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := pageOf(r)
		if page != Probes && page != Metrics && !knownHost(names, r.Host) {
			refuse(w, http.StatusForbidden, Problem{fmt.Sprintf("this node does not know %q as a name of its own: ask it by its IP address, or put the name into http.host_names of its config file",
				r.Host[:min(len(r.Host), maxShownHost)])})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// knownHost tells whether the value of a header Host, with a port or without, is an IP
// address, localhost or one of the names. Without a value no browser has sent it.
func knownHost(names []string, value string) bool {
	host := value
	if h, _, err := net.SplitHostPort(value); err == nil {
		host = h
	}
	host = strings.TrimSuffix(host, ".")
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || value == "" || strings.EqualFold(host, "localhost") {
		return true
	}
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(strings.TrimSuffix(name, "."), host) })
}

// ownPages refuses changes that the page of another site asks a browser for: that is
// who may use the node without knowing of the page.
func ownPages(next http.Handler, refuse func(http.ResponseWriter, int, Problem)) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := protection.Check(r); err != nil {
			refuse(w, http.StatusForbidden, Problem{"a page of another site has asked a browser for this change: only the node's own pages may"})
			return
		}
		next.ServeHTTP(w, r)
	})
}
