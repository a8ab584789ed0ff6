package daemon

import (
	"crypto/tls"
	"io/fs"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
)

// keyPairCheck is the least time between two looks at whether files have changed.
const keyPairCheck = time.Second

// keyPair is a certificate with its private key, read again when its files
// change, so that a certificate is renewed without a restart. It may be used
// from any goroutine.
type keyPair struct {
	certFile, keyFile string                       // may be the same
	check             func(*tls.Certificate) error // what else a pair must be; nil: nothing
	logger            *zap.Logger
	now               func() time.Time

	mu      sync.Mutex
	current *tls.Certificate // guarded by mu; never nil
	seen    [2]fileState     // guarded by mu; of what was last read, or failed to be
	checked time.Time        // guarded by mu
	problem string           // guarded by mu; that was logged last and lasts
}

// fileState tells versions of a file apart.
type fileState struct {
	changed time.Time
	size    int64
	mode    fs.FileMode // of a secret: others may have been let in
}

func loadKeyPair(certFile, keyFile string, logger *zap.Logger) (*keyPair, error) {
	k := &keyPair{certFile: certFile, keyFile: keyFile, logger: logger, now: time.Now}
	seen, err := k.look()
	if err != nil {
		return nil, err
	}
	pair, err := readKeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	k.current, k.seen, k.checked = &pair, seen, k.now()
	return k, nil
}

// readKeyPair reads a certificate and its private key, which nobody else may read.
func readKeyPair(certFile, keyFile string) (tls.Certificate, error) {
	certificate, err := os.ReadFile(certFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := secretfile.Read(keyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certificate, key)
}

// look says what the files are like now.
func (k *keyPair) look() (seen [2]fileState, err error) {
	for i, path := range [...]string{k.certFile, k.keyFile} {
		info, err := os.Stat(path)
		if err != nil {
			return seen, err
		}
		seen[i] = fileState{changed: info.ModTime(), size: info.Size()}
	}
	return seen, nil
}

// certificate returns the pair that the files hold, as of a second ago. While
// they hold none, as when one of the two was replaced and the other was not yet,
// it is the one before.
func (k *keyPair) certificate() *tls.Certificate {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.now(); now.Sub(k.checked) >= keyPairCheck {
		k.checked = now
		k.refresh()
	}
	return k.current
}

// refresh reads the files if they have changed. mu is held.
func (k *keyPair) refresh() {
	seen, err := k.look() // before reading: what changes meanwhile is seen next time
	if err == nil && seen == k.seen {
		return
	}
	var pair tls.Certificate
	if err == nil {
		pair, err = readKeyPair(k.certFile, k.keyFile)
	}
	if err == nil && k.check != nil {
		err = k.check(&pair)
	}
	k.seen = seen // incomplete if a file is missing, so that it is looked at again
	if err != nil {
		if problem := err.Error(); problem != k.problem {
			k.problem = problem
			k.logger.Warn("the changed certificate cannot be used; the one before stays", zap.String("file", k.certFile), zap.Error(err))
		}
		return
	}
	k.current, k.problem = &pair, ""
	k.logger.Info("certificate read again", zap.String("file", k.certFile), zap.Time("valid_until", pair.Leaf.NotAfter))
}

// forClients is for tls.Config.GetCertificate.
func (k *keyPair) forClients(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return k.certificate(), nil
}

// forServers is for tls.Config.GetClientCertificate.
func (k *keyPair) forServers(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return k.certificate(), nil
}
