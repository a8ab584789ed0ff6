package config

import (
	"time"

	"github.com/mysqlda/mysqlda/proxy/tracing"
)

// DefaultTracingTimeout is how long sending some spans may take.
const DefaultTracingTimeout = 10 * time.Second

// Tracing says where the spans of traced statements go to.
type Tracing struct {
	Endpoint    string        // the collector's URL with its path; "": nothing is traced
	HeadersFile string        // of headers for each request, absolute; "": none
	Timeout     time.Duration // for sending some spans, with all tries
}

func (c *Config) decodeTracing(root *object) {
	t := &c.Tracing
	t.Timeout = DefaultTracingTimeout
	root.section("tracing", func(o *object) {
		if o.text("endpoint", &t.Endpoint) {
			endpoint, err := tracing.CheckEndpoint(t.Endpoint)
			if err != nil {
				o.report("endpoint", "%v", err)
			}
			t.Endpoint = endpoint
		}
		c.decodePath(o, "headers_file", &t.HeadersFile)
		o.seconds("timeout", 1, maxTimeoutSeconds, &t.Timeout)
		if t.Endpoint == "" && t.HeadersFile != "" {
			o.report("headers_file", "needs endpoint, the URL of the collector that gets the headers")
		}
	})
}
