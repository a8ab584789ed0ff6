package daemon

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A node whose config names no certificate makes one for its clients and keeps
// it, so that clients may remember it.
const (
	ownCertificateDir  = "tls" // in the data directory
	ownCertificateFile = "server.pem"
	ownCertificateLife = 10 * 365 * 24 * time.Hour
	// ownCertificateLeft is the time before its end at which it is made anew when
	// the node starts.
	ownCertificateLeft = 30 * 24 * time.Hour
)

// ownCertificate returns the file of this node's self-made certificate and its
// private key, and makes it if there is none or it has nearly ended. Names are
// host names and IP addresses under which clients reach the node.
func ownCertificate(dataDir, nodeID string, names []string, now time.Time) (file string, err error) {
	dir := filepath.Join(dataDir, ownCertificateDir)
	file = filepath.Join(dir, ownCertificateFile)
	pair, err := tls.LoadX509KeyPair(file, file)
	switch {
	case err == nil && now.Add(ownCertificateLeft).Before(pair.Leaf.NotAfter):
		return file, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("this node's own certificate %s: %w; remove the file to have another one made", file, err)
	}
	text, err := selfSigned(certificateOf(nodeID, names, now))
	if err != nil {
		return "", fmt.Errorf("making a certificate: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making a certificate: %w", err)
	}
	// One file for both halves, put there as a whole: they always fit.
	unfinished := file + ".new"
	if err := writeDurably(unfinished, text); err != nil {
		return "", fmt.Errorf("making a certificate: %w", err)
	}
	if err := os.Rename(unfinished, file); err != nil {
		return "", fmt.Errorf("making a certificate: %w", err)
	}
	return file, nil
}

// writeDurably writes a file that only its owner can read.
func writeDurably(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// certificateOf describes the certificate of a server with these names.
func certificateOf(nodeID string, names []string, now time.Time) *x509.Certificate {
	c := &x509.Certificate{
		Subject:               pkix.Name{CommonName: nodeID, Organization: []string{"mysqlda"}},
		NotBefore:             now.Add(-time.Hour), // clocks differ
		NotAfter:              now.Add(ownCertificateLife),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true, // so that clients can be given it as their authority
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else if canBeHostName(name) {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	return c
}

// selfSigned returns the certificate, signed with a new private key, and that key
// in PEM.
func selfSigned(c *x509.Certificate) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if c.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, err
	}
	certificate, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// canBeHostName reports whether a certificate can say the name: a node id can be
// anything.
func canBeHostName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == ""
}
