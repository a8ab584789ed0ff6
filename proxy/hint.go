package proxy

import "github.com/mysqlda/mysqlda/proxy/stmt"

// coreAttribute is the connection attribute that names the core object in whose
// library a session starts.
const coreAttribute = "mysqlda_core"

// followHint makes the library of the core object that a leading comment names
// the session's, as select library does. told says that this failed and that the
// client knows why.
func (s *session) followHint(cmd command, sql []byte) (told bool, err error) {
	core, ok := stmt.Hint(sql)
	if !ok || len(core) > 0 && string(core) == s.core {
		return false, nil
	}
	ctx, stop := s.untilClientGone(cmd)
	defer stop()
	if err := s.selectLibrary(ctx, string(core)); err != nil {
		return true, s.refuse(cmd, waitError(ctx, err))
	}
	return false, nil
}
