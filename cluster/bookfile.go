package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/fsm"
)

// bookFile keeps the address book across restarts. After a restart the state
// machine is empty until there is a leader, and to elect one the others'
// addresses must be known. Raft's configuration has the addresses that nodes
// joined with; those are not changed there, because Raft reads a peer's record
// without its lock while it would be written (raft.updateLastAppended).
const bookFile = "peers.json"

// storedPeers is the file. A damaged one is made again, but not believed: a wrong
// number of starts would keep right addresses out.
type storedPeers struct {
	Checksum string       `json:"checksum"` // of the rest, see storage.WriteJSON
	Peers    []storedPeer `json:"peers"`
}

// storedPeer is one record of the file.
type storedPeer struct {
	ID      string `json:"id"`
	Cluster string `json:"cluster"`
	Gossip  string `json:"gossip,omitempty"`
	MySQL   string `json:"mysql,omitempty"`
	HTTP    string `json:"http,omitempty"`
	Version string `json:"version,omitempty"`
	Starts  uint64 `json:"starts"`
}

// load takes in what was saved in dir. A file that cannot be read is an error
// that the caller may only report: the other nodes are then found by Raft's
// addresses or by seeds.
func (b *addressBook) load(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, bookFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the other nodes' addresses: %w", err)
	}
	stored, err := readStoredPeers(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, bookFile), err)
	}
	for _, r := range stored {
		b.hear(r)
	}
	b.saved = b.announcements()
	return nil
}

func readStoredPeers(raw []byte) ([]record, error) {
	var stored storedPeers
	if err := storage.ParseJSON(raw, &stored, &stored.Checksum); err != nil {
		return nil, err
	}
	var records []record
	for _, p := range stored.Peers {
		info := fsm.NodeInfo{ID: p.ID, Cluster: p.Cluster, Gossip: p.Gossip, MySQL: p.MySQL, HTTP: p.HTTP, Version: p.Version}
		if err := info.Check(); err != nil {
			return nil, err
		}
		records = append(records, record{info: info, starts: p.Starts})
	}
	return records, nil
}

// save writes what nodes announced to dir, if that changed since the last time.
// One goroutine saves.
func (b *addressBook) save(dir string) error {
	list := b.announcements()
	if slices.Equal(list, b.saved) {
		return nil
	}
	stored := storedPeers{Peers: make([]storedPeer, len(list))}
	for i, r := range list {
		stored.Peers[i] = storedPeer{
			ID: r.info.ID, Cluster: r.info.Cluster, Gossip: r.info.Gossip,
			MySQL: r.info.MySQL, HTTP: r.info.HTTP, Version: r.info.Version, Starts: r.starts,
		}
	}
	if err := storage.WriteJSON(filepath.Join(dir, bookFile), &stored, &stored.Checksum); err != nil {
		return fmt.Errorf("saving the other nodes' addresses: %w", err)
	}
	b.saved = list
	return nil
}
