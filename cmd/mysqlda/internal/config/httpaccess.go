package config

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// HTTPAccess says who may use the HTTP address, and how connections are protected.
type HTTPAccess struct {
	Cert, Key string // PEM files, absolute; "": no TLS
	ClientCA  string // PEM file of the authorities of operators' certificates, absolute; "": none are asked for
	TokenFile string // of operators' tokens, absolute; "": none
	// Open are the pages that need no authentication, of OpenPages.
	Open []string
	// HostNames are more names by which the address is reached; see admin.Config.
	HostNames []string
}

const maxHostNames = 100

// Protected says that there is a way to authenticate, and that it is needed.
func (a HTTPAccess) Protected() bool { return a.TokenFile != "" || a.ClientCA != "" }

// The pages of the HTTP address that may be open.
const (
	PageProbes  = "probes"  // /healthz, /readyz
	PageMetrics = "metrics" // /metrics
	PageStatus  = "status"  // GET /api/v1/status
)

// OpenPages are the words of http.open.
func OpenPages() []string { return []string{PageProbes, PageMetrics, PageStatus} }

func (c *Config) decodeHTTPAccess(o *object) {
	a := &c.HTTP.Access
	o.section("tls", func(o *object) {
		c.decodePair(o, "cert", "key", &a.Cert, &a.Key)
		c.decodePath(o, "client_ca", &a.ClientCA)
		if o.find("cert") == nil {
			o.report("cert", "is missing: the file of the certificate of this node's HTTP address")
		}
	})
	c.decodePath(o, "token_file", &a.TokenFile)
	o.texts("host_names", maxHostNames, func(name string) string {
		if err := checkHost(name); err != nil {
			return err.Error()
		}
		a.HostNames = append(a.HostNames, name)
		return ""
	})
	a.Open = []string{PageProbes}
	if o.find("open") == nil {
		return
	}
	a.Open = nil
	o.texts("open", len(OpenPages()), func(page string) string {
		if !slices.Contains(OpenPages(), page) {
			return fmt.Sprintf("must be one of %s, not %q", strings.Join(OpenPages(), ", "), page)
		}
		a.Open = append(a.Open, page)
		return ""
	})
	if !a.Protected() {
		c.Warnings = append(c.Warnings, "http.open has no effect: without http.token_file and http.tls.client_ca all pages are open, and so is everything else")
	}
}

// warnOfStrangers tells what whoever reaches the HTTP address from another machine may
// do or see.
func (c *Config) warnOfStrangers() {
	host, _, err := net.SplitHostPort(c.HTTP.Listen)
	if err != nil || isLoopback(host) || host == "localhost" {
		return
	}
	a := c.HTTP.Access
	switch {
	case !a.Protected():
		c.Warnings = append(c.Warnings, fmt.Sprintf("http.listen is %s, and whoever reaches it may change the cluster: set http.token_file or http.tls.client_ca, or listen on %s", c.HTTP.Listen, loopback))
	case a.Cert == "":
		c.Warnings = append(c.Warnings, fmt.Sprintf("http.listen is %s and operators' tokens go there in the clear: set http.tls", c.HTTP.Listen))
	}
}
