package transport

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// ClusterID names a cluster. It is random, made once at bootstrap, and never
// changes. The zero value means "no cluster yet".
type ClusterID [16]byte

// NewClusterID makes a new random id.
func NewClusterID() ClusterID {
	var id ClusterID
	rand.Read(id[:]) //nolint:errcheck // crypto/rand.Read never fails: it ends the program instead
	return id
}

// ParseClusterID reads the 32 hex digits that String writes.
func ParseClusterID(s string) (ClusterID, error) {
	var id ClusterID
	if len(s) != hex.EncodedLen(len(id)) {
		return id, fmt.Errorf("cluster id %q has %d characters, not %d", s, len(s), hex.EncodedLen(len(id)))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ClusterID{}, fmt.Errorf("cluster id %q: %w", s, err)
	}
	return id, nil
}

// String returns 32 hex digits, or "" for the zero value.
func (id ClusterID) String() string {
	if id.IsZero() {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// IsZero reports whether id names no cluster.
func (id ClusterID) IsZero() bool { return id == ClusterID{} }
