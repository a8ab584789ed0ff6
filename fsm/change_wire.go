package fsm

import "github.com/mysqlda/mysqlda/fsm/fsmpb"

func changesProto(changes []LibraryChange) []*fsmpb.LibraryChange {
	list := make([]*fsmpb.LibraryChange, len(changes))
	for i, change := range changes {
		list[i] = change.proto()
	}
	return list
}

// forwardedChanges reads changes that another node has sent. Whatever its release,
// active servers stay what they are.
func forwardedChanges(list []*fsmpb.LibraryChange) []LibraryChange {
	changes := make([]LibraryChange, len(list))
	for i, change := range list {
		changes[i] = libraryChangeFromProto(change)
		if servers, ok := changes[i].(SetServers); ok {
			servers.replaceActive = false
			changes[i] = servers
		}
	}
	return changes
}
