package console

import (
	"fmt"
	"testing"
)

func (s *scene) hostileNames(t *testing.T) {
	n := s.cluster.Nodes[0]
	v := s.open(t, consoleOf(n), 360)
	v.show("search")
	v.ask(map[string]string{"core-core": hostileCore})
	v.says("Core object " + hostileCore + " lives in library")
	v.ask(map[string]string{"correlated-class": hostileClass, "correlated-object": hostileObject})
	v.says(fmt.Sprintf("Correlated object %s %s is core object %s.", hostileClass, hostileObject, hostileCore))
	v.sound()
	v.show("activity")
	v.says(hostileCore) // has a session
	v.sound()

	const library = `<img/src=x/onerror=window.hurt=2>`
	address := s.status(t, n).Libraries[1].Servers[0].Address
	if out, err := n.CLI(within(t), "library", "add", library, "--server", address); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, route := range []string{"libraries", "audit", "overview", "activity", "settings"} {
		v.show(route)
		if route == "libraries" || route == "audit" {
			v.says(library)
		}
		until(v, route+" has been read", `document.querySelectorAll("main table tbody tr").length`, func(rows int) bool { return rows > 0 })
		v.sound()
	}
	v.picture("hostile-360")
}
