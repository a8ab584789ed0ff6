package proxy

import (
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// ImageVersion is the version of what HandOver says of sessions. Resume understands this
// one only: raise it whenever the fields of an image, or the numbers in them, change their
// meaning. Processes of other versions get no sessions.
const ImageVersion = 1

// sessionImage is a parked session: everything by which it goes on elsewhere.
type sessionImage struct {
	ID     uint32    `json:"id"`
	Client string    `json:"client"`
	Since  time.Time `json:"since"`

	User      octets          `json:"user"`
	Agreed    wire.Agreed     `json:"agreed"`
	Caps      wire.Capability `json:"caps"`
	Collation uint8           `json:"collation"`
	Status    uint16          `json:"status"`

	Core    octets         `json:"core,omitempty"`
	Library fsm.LibraryID  `json:"library,omitempty"`
	Start   placementImage `json:"start"`
	Reads   aimImage       `json:"reads"`

	Writes        writtenImage   `json:"writes"`
	WrittenBefore []writtenImage `json:"written_before,omitempty"`

	InsertID     uint64       `json:"insert_id,omitempty"`
	InsertUnsure bool         `json:"insert_unsure,omitempty"`
	Untold       *untoldImage `json:"untold,omitempty"`

	Database        octets         `json:"database,omitempty"`
	Settings        []settingImage `json:"settings,omitempty"`
	NextTransaction []byte         `json:"next_transaction,omitempty"`
	Syntax          stmt.Syntax    `json:"syntax"`

	Statements    map[uint32]statementImage `json:"statements,omitempty"`
	LastStatement uint32                    `json:"last_statement,omitempty"`

	// Ahead is what the client has sent and nobody has looked at yet.
	Ahead []byte `json:"ahead,omitempty"`
}

type aimImage struct {
	Where  where         `json:"where"`
	Lag    time.Duration `json:"lag,omitempty"`
	Hinted bool          `json:"hinted,omitempty"`
}

type writtenImage struct {
	Library  fsm.LibraryID `json:"library"`
	Unknown  bool          `json:"unknown,omitempty"`
	Position string        `json:"position,omitempty"`
	Epoch    uint64        `json:"epoch,omitempty"`
}

type untoldImage struct {
	Code  uint16 `json:"code"`
	State string `json:"state"`
	Text  octets `json:"text"`
}

type placementImage struct {
	Core    octets        `json:"core,omitempty"`
	Library fsm.LibraryID `json:"library,omitempty"`
	Epoch   uint64        `json:"epoch,omitempty"`
}

type settingImage struct {
	Key      octets `json:"key,omitempty"`
	SQL      []byte `json:"sql"`
	Constant bool   `json:"constant,omitempty"`
	Again    bool   `json:"again,omitempty"`
}

type statementImage struct {
	SQL            []byte           `json:"sql,omitempty"` // nil as in statement
	Params         uint16           `json:"params,omitempty"`
	Looks          uint64           `json:"looks,omitempty"`
	Class          stmt.Class       `json:"class"`
	Effect         stmt.Effect      `json:"effect"`
	Syntax         stmt.Syntax      `json:"syntax"`
	Place          place            `json:"place"`
	Hinted         aimImage         `json:"hinted"`
	Demands        stmt.Demand      `json:"demands"`
	Extension      *extensionImage  `json:"extension,omitempty"`
	ExtensionTypes []wire.ParamType `json:"extension_types,omitempty"`
	IDColumn       octets           `json:"id_column,omitempty"`
	Types          []byte           `json:"types,omitempty"`
	LongDataLost   bool             `json:"long_data_lost,omitempty"`
}

type extensionImage struct {
	Kind   stmt.Kind  `json:"kind"`
	Args   []argImage `json:"args,omitempty"`
	Params int        `json:"params,omitempty"`
}

type argImage struct {
	Text        octets `json:"text,omitempty"`
	Start       int    `json:"start"`
	End         int    `json:"end"`
	Placeholder bool   `json:"placeholder,omitempty"`
}

// image describes a session that has no backend connection.
func (s *session) image() sessionImage {
	info := s.describe()
	i := sessionImage{
		ID: s.id, Client: info.Client, Since: info.Since,
		User: octets(s.user), Agreed: s.agreed, Caps: s.caps, Collation: s.collation, Status: s.status,
		Core: octets(s.core), Library: s.library, Reads: imageOfAim(s.reads),
		Start:    placementImage{octets(s.start.Core), s.start.Library, s.start.Epoch},
		Writes:   writtenImage{s.writes.library, s.writes.unknown, s.writes.position, s.writes.epoch},
		InsertID: s.insertID, InsertUnsure: s.insertUnsure,
		Database: octets(s.state.database), NextTransaction: s.state.nextTransaction, Syntax: s.state.syntax,
		Statements: make(map[uint32]statementImage, len(s.statements.byID)), LastStatement: s.statements.last,
	}
	for _, w := range s.writtenBefore {
		i.WrittenBefore = append(i.WrittenBefore, writtenImage{w.library, w.unknown, w.position, w.epoch})
	}
	if u := s.att.untold; u != nil {
		i.Untold = &untoldImage{u.code, u.state, octets(u.text)}
	}
	for _, set := range s.state.settings {
		i.Settings = append(i.Settings, settingImage{octets(set.key), set.sql, set.constant, set.again})
	}
	for id, st := range s.statements.byID {
		i.Statements[id] = statementImage{
			SQL: st.sql, Params: st.params, Looks: st.looks, Class: st.class, Effect: st.effect, Syntax: st.syntax,
			Place: st.place, Hinted: imageOfAim(st.hinted), Demands: st.demands,
			Extension: imageOfExtension(st.extension), ExtensionTypes: st.extensionTypes, IDColumn: octets(st.idColumn), Types: st.types,
			LongDataLost: st.longData != 0,
		}
	}
	if s.in.buffered() > 0 {
		i.Ahead = s.in.buf[s.in.r:s.in.w]
	}
	return i
}

func imageOfAim(a aim) aimImage { return aimImage{a.where, a.lag, a.hinted} }

func imageOfExtension(e *stmt.Extension) *extensionImage {
	if e == nil {
		return nil
	}
	i := &extensionImage{Kind: e.Kind, Params: e.Params}
	for _, a := range e.Args {
		i.Args = append(i.Args, argImage{octets(a.Text), a.Start, a.End, a.Placeholder})
	}
	return i
}
