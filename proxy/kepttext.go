package proxy

import "github.com/mysqlda/mysqlda/proxy/stmt"

// keptTextBytes is how much of a statement's text is kept until it has been
// answered, and digestBytes how long its digest may be.
const (
	keptTextBytes = 2 << 10
	digestBytes   = 512
)

// keptText is the text of the statement at hand, for those who say what it did when
// it has been answered: its bytes in the reader are gone then.
type keptText struct {
	sql    []byte
	syntax stmt.Syntax
	kept   *textRoom // what sql is in, if it is a copy
	// prepared, unless nil, is the statement that it is the text of.
	prepared *statement
}

// textRoom has room for a text and for its digest.
type textRoom struct {
	text   [keptTextBytes]byte
	digest [digestBytes + len("...")]byte
}

// digest returns what the statement does, without the values in it. It is good until
// the text is forgotten.
func (t *keptText) digest() []byte {
	if t.kept == nil {
		return t.syntax.AppendDigest(nil, t.sql, digestBytes)
	}
	return t.syntax.AppendDigest(t.kept.digest[:0], t.sql, digestBytes)
}

// keepsTexts tells whether anybody asks for the text of a statement that has been
// answered.
func (s *session) keepsTexts() bool {
	return s.server.slow != nil || s.server.digests != nil || s.traced != nil
}

// keepText keeps the beginning of a text that will be gone.
func (s *session) keepText(sql []byte, syntax stmt.Syntax) {
	if !s.keepsTexts() {
		return
	}
	kept := s.server.texts.Get().(*textRoom)
	n := copy(kept.text[:], sql)
	s.text = keptText{sql: kept.text[:n], syntax: syntax, kept: kept}
}

// keepPrepared is keepText for a prepared statement, which has its text itself.
func (s *session) keepPrepared(st *statement) {
	if s.keepsTexts() {
		s.text = keptText{sql: st.sql, syntax: st.syntax, prepared: st}
	}
}

// forgetText ends the use of what keepText has kept.
func (s *session) forgetText() {
	if s.text.kept != nil {
		s.server.texts.Put(s.text.kept)
	}
	s.text = keptText{}
}
