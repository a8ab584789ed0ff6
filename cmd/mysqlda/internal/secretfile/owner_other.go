//go:build !unix

package secretfile

import "io/fs"

// ownedByUs says that the file belongs to the user of this process: nobody can tell.
func ownedByUs(fs.FileInfo) bool { return false }
