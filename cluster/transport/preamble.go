package transport

import (
	"errors"
	"fmt"
	"io"
)

// Service is the first byte of a connection.
type Service byte

const (
	// Raft is log replication and elections between members of one cluster.
	Raft Service = 'R'
	// RPC is gRPC: joining, announcing addresses, forwarding.
	RPC Service = 'G'
)

// String returns the service's name as metrics and logs show it.
func (s Service) String() string {
	switch s {
	case Raft:
		return "raft"
	case RPC:
		return "rpc"
	default:
		return fmt.Sprintf("Service(%d)", byte(s))
	}
}

// preambleVersion is the version of the preamble and of what follows it. A node
// accepts this version only.
const preambleVersion = 1

// maxNodeIDLen bounds the node id in a preamble, in bytes.
const maxNodeIDLen = 255

var (
	errGarbage      = errors.New("not a mysqlda node")
	errVersion      = errors.New("another preamble version")
	errNoCluster    = errors.New("this node belongs to no cluster yet")
	errOtherCluster = errors.New("the other side belongs to another cluster")
	errOtherNode    = errors.New("meant for another node")
)

// preamble is what the dialling side sends first: service, version and, for
// Raft, the cluster and the node that it believes to have reached. Raft itself
// does not check whom it talks to: without that check two nodes that swapped
// addresses would be counted as one another.
type preamble struct {
	service Service
	cluster ClusterID // Raft only
	target  string    // Raft only
}

func (p preamble) append(dst []byte) ([]byte, error) {
	dst = append(dst, byte(p.service), preambleVersion)
	if p.service != Raft {
		return dst, nil
	}
	if len(p.target) > maxNodeIDLen {
		return nil, fmt.Errorf("node id has %d bytes, at most %d are allowed", len(p.target), maxNodeIDLen)
	}
	dst = append(dst, p.cluster[:]...)
	dst = append(dst, byte(len(p.target)))
	return append(dst, p.target...), nil
}

// readPreamble reads exactly one preamble and nothing after it. An error that
// is not one of this package's is the reader's.
func readPreamble(r io.Reader) (preamble, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:1]); err != nil {
		return preamble{}, err
	}
	p := preamble{service: Service(head[0])}
	if p.service != Raft && p.service != RPC {
		return p, errGarbage
	}
	if _, err := io.ReadFull(r, head[1:]); err != nil {
		return p, err
	}
	if head[1] != preambleVersion {
		return p, errVersion
	}
	if p.service != Raft {
		return p, nil
	}
	var fixed [len(ClusterID{}) + 1]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return p, err
	}
	copy(p.cluster[:], fixed[:len(p.cluster)])
	target := make([]byte, fixed[len(p.cluster)])
	if _, err := io.ReadFull(r, target); err != nil {
		return p, err
	}
	p.target = string(target)
	return p, nil
}
