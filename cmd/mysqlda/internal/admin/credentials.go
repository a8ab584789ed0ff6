package admin

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
)

// Credentials are what a client shows to a node, and how it connects.
type Credentials struct {
	// TLS is how the connection is protected, with the certificate that is shown;
	// nil: it is in the clear.
	TLS *tls.Config
	// KnownFile is a PEM file whose first certificate is believed to be a node's,
	// whatever it names and whoever has signed it; "" for none.
	KnownFile string
	// Token is an operator's, "" for none.
	Token Password

	withheld bool // rather no request than one with the token
}

func (c Credentials) scheme() string {
	if c.TLS != nil {
		return "https://"
	}
	return "http://"
}

// transport opens connections as the credentials say.
func (c Credentials) transport() *http.Transport {
	t := &http.Transport{DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext}
	if c.TLS != nil {
		t.DialTLSContext = c.dialTLS
	}
	return t
}

func (c Credentials) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	secured := tls.Client(conn, c.towards(host))
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secured, nil
}

// towards is how connections to a host are protected.
func (c Credentials) towards(host string) *tls.Config {
	t := c.TLS.Clone()
	t.ServerName = host
	if c.KnownFile == "" {
		return t
	}
	t.InsecureSkipVerify = true // VerifyConnection does it
	t.VerifyConnection = func(state tls.ConnectionState) error {
		known, err := firstCertificate(c.KnownFile)
		if err != nil {
			return err
		}
		if bytes.Equal(known, state.PeerCertificates[0].Raw) {
			return nil
		}
		between := x509.NewCertPool()
		for _, other := range state.PeerCertificates[1:] {
			between.AddCert(other)
		}
		_, err = state.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: host, Roots: t.RootCAs, Intermediates: between})
		if err != nil {
			return fmt.Errorf("its certificate is not that of %s, and otherwise it is not trusted: %w", c.KnownFile, err)
		}
		return nil
	}
	return t
}

func firstCertificate(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%s does not begin with a certificate in PEM", file)
	}
	return block.Bytes, nil
}

// show puts the token into a request.
func (c Credentials) show(r *http.Request) {
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+string(c.Token))
	}
}
