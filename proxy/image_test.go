package proxy

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What becomes of each part of a session that is handed over: a new field has to be put
// into one of the lists, and into the image if the client would miss it.
var (
	inTheImage = map[reflect.Type]string{
		reflect.TypeFor[session](): "id user agreed caps collation core library start state statements reads writes writtenBefore " +
			"att insertID insertUnsure status info in",
		reflect.TypeFor[sessionState](): "database settings size nextTransaction syntax",
		reflect.TypeFor[statements]():   "byID last size",
		reflect.TypeFor[statement]():    "sql params looks class effect syntax place hinted demands extension extensionTypes idColumn types longData",
		reflect.TypeFor[attachment]():   "untold",
		reflect.TypeFor[aim]():          "where lag hinted",
		reflect.TypeFor[written]():      "library unknown position epoch",
		reflect.TypeFor[setting]():      "key sql constant again",
	}
	madeAnew = map[reflect.Type]string{
		reflect.TypeFor[session](): "server socket conn replicaAgain readInstead turn tracker begun meter answered text traced tracedForm cmd pending sequence " +
			"attached recent commands errand idleness counted loggedIn passed overdue overdueSince fate expelledAt idle open forNext mu reach killable interrupt killed",
		reflect.TypeFor[sessionState](): "unrepeatable",
		reflect.TypeFor[statement]():    "serverID generation typesSent cursor digest parent",
		reflect.TypeFor[attachment]():   "conn generation used check replica readOnly loose passing inFlight tainted closing pinned",
	}
)

func TestEveryFieldOfASessionIsMovedOrMadeAnew(t *testing.T) {
	t.Parallel()
	for typ, moved := range inTheImage {
		decided := append(strings.Fields(moved), strings.Fields(madeAnew[typ])...)
		var fields []string
		for f := range typ.Fields() {
			fields = append(fields, f.Name)
		}
		slices.Sort(fields)
		slices.Sort(decided)
		if !slices.Equal(fields, decided) {
			t.Errorf("%s has the fields\n%q, it is decided on\n%q", typ, fields, decided)
		}
	}
}

func TestNamesThatAreNoUTF8SurviveAHandover(t *testing.T) {
	t.Parallel()
	const name = "caf\xe9\x00\xff"
	text, err := json.Marshal(sessionImage{Database: name})
	if err != nil {
		t.Fatal(err)
	}
	var got sessionImage
	if err := json.Unmarshal(text, &got); err != nil || got.Database != name {
		t.Errorf("got %q, %v", got.Database, err)
	}
}
