package fsm

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// maxOriginLen is the largest number of bytes of each text in an Origin.
const maxOriginLen = 128

// Origin says where a command comes from. It is information for people: nothing
// is decided by it.
type Origin struct {
	Who  string    // such as alice@laptop, as that is known; "" for nobody knows
	From string    // the address or node that it came from
	At   time.Time // by the clock of the node that proposed it; kept in milliseconds
}

// Clipped is the origin with texts that are valid UTF-8, of one line and within
// their bounds.
func (o Origin) Clipped() Origin {
	o.Who, o.From = clipLine(o.Who, maxOriginLen), clipLine(o.From, maxOriginLen)
	return o
}

// Proto gives the form for the log and for the way to other nodes.
func (o Origin) Proto() *fsmpb.Origin {
	o = o.Clipped()
	return &fsmpb.Origin{Who: o.Who, From: o.From, AtMs: o.At.UnixMilli()}
}

// OriginFromProto reads what Proto has made.
func OriginFromProto(p *fsmpb.Origin) Origin {
	return Origin{Who: p.GetWho(), From: p.GetFrom(), At: time.UnixMilli(p.GetAtMs()).UTC()}
}

// Attribute adds an origin to a command's log entry, which has none yet. The
// command is noted in the audit trail then, if it changes what is worth a note:
// see Machine.Audit. Releases before version 5 of commands cannot read it.
func Attribute(entry []byte, by Origin) ([]byte, error) {
	// Messages of protobuf that follow each other are one message.
	added, err := proto.Marshal(&fsmpb.Command{Version: commandVersion, Origin: by.Proto()})
	if err != nil {
		return nil, fmt.Errorf("encode the origin of a command: %w", err)
	}
	return append(entry[:len(entry):len(entry)], added...), nil
}

// clipLine makes s valid UTF-8 of one line and at most limit bytes.
func clipLine(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}
