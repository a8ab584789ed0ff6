package fsm

// Event tells that something which sessions depend on has changed; what it is
// now is read from the state itself.
type Event uint8

// LibrariesChanged says that libraries, their servers, the active server, the
// settings or the users have changed.
const LibrariesChanged Event = 1
