package savefile

import (
	"path/filepath"
	"strings"
)

// ClassOf reads the class from a name like mysqlda.CLASS.save; "" if it has none.
func ClassOf(path string) string {
	name, ok := strings.CutSuffix(filepath.Base(path), ".save")
	if !ok {
		return ""
	}
	_, class, _ := strings.Cut(name, ".")
	return class
}
