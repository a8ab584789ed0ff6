package proxy

import "github.com/mysqlda/mysqlda/proxy/stmt"

// coreAttribute is the connection attribute that names the core object in whose
// library a session starts.
const coreAttribute = "mysqlda_core"

// followHint follows a leading comment. The library of the core object that it names
// becomes the session's, as by select library; where it asks to read it returns, for
// this statement only. told says that this failed and that the client knows why.
func (s *session) followHint(cmd command, sql []byte) (to aim, told bool, err error) {
	h, ok := stmt.Hint(sql)
	if !ok {
		return aim{}, false, nil
	}
	to, err = hintedAim(h)
	if err != nil {
		return to, true, s.refuse(cmd, err)
	}
	if h.Core == nil || len(h.Core) > 0 && string(h.Core) == s.core {
		return to, false, nil
	}
	ctx, stop := s.untilClientGone(cmd)
	defer stop()
	if err := s.selectLibrary(ctx, string(h.Core)); err != nil {
		return to, true, s.refuse(cmd, waitError(ctx, err))
	}
	return to, false, nil
}
