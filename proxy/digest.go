package proxy

import (
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/proxy/digests"
)

// What stands in the place of digests that are not to be shown, or not to be had.
const (
	// neverExecuted is that of texts with which no server has done anything yet: a
	// value without its quotes would look like a name in their digests.
	neverExecuted = "(texts that no server has executed yet)"
	// tooLarge is that of prepared statements whose texts are not kept.
	tooLarge = "(prepared statements too large to keep their texts)"
)

// executionErrors are errors that servers answer with while they execute a statement
// whose names they have found all: rows that there are already or that are too long
// (1048, 1062, 1169, 1242, 1264, 1265, 1292, 1366, 1406, 1690), keys of other tables
// and conditions (1216, 1217, 1451, 1452, 3819, 4025), locks (1205, 1213, 3572), the
// statement's end by time or by force (1317, 1969, 3024), no room (1021, 1114), no
// writing here (1290, 1792, 1836), and what procedures choose (1644).
var executionErrors = []uint16{
	1021, 1048, 1062, 1114, 1169, 1205, 1213, 1216, 1217, 1242, 1264, 1265, 1290, 1292, 1317, 1366, 1406,
	1451, 1452, 1644, 1690, 1792, 1836, 1969, 3024, 3572, 3819, 4025,
}

// wasExecuted reports whether a server has executed a statement that was answered
// with the error of that number, or with none for 0. Only then its digest may be shown.
func wasExecuted(number uint16) bool {
	return number == 0 || slices.Contains(executionErrors, number)
}

// countDigest counts the statement at hand by its digest, now that it has been
// answered; size is how many bytes of it were at hand at once.
func (s *session) countDigest(took time.Duration, size int) {
	table := s.server.digests
	if table == nil {
		return
	}
	number := s.tracker.ErrCode()
	sample := digests.Sample{
		Library: s.library, At: s.att.used, Took: took, Error: number != 0,
		Affected: s.tracker.AffectedRows(), ToServer: uint64(size), ToClient: s.answered,
	}
	st := s.text.prepared
	if st != nil && st.digest != 0 && table.Count(st.digest, sample) {
		return
	}
	digest := s.text.digest()
	if st != nil && st.sql == nil {
		digest = []byte(tooLarge)
	}
	key := table.KeyOf(digest)
	if st != nil {
		st.digest = key
	}
	switch {
	case table.Count(key, sample):
	case wasExecuted(number):
		table.Add(digest, sample)
	default:
		table.Add([]byte(neverExecuted), sample)
	}
}
