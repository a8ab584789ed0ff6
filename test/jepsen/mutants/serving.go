package main

// serving are mistakes in what lies between a client and a server.
func serving() []Mutant {
	return []Mutant{
		{
			Name: "connections-without-reset",
			About: "A connection to a server goes from one session to the next without being reset, only asked whether it lives: " +
				"a transaction that the one has left open swallows the rows of the other.",
			Edits: []Edit{{
				File: "proxy/backend/reset.go",
				Old:  "	err := l.putBack(settled)\n",
				New:  "	err := l.exchange(command{wire.ComPing, \"\"})\n",
			}},
			Check:   []string{sessionsIsolated, transactionsAre, rowsOnce},
			Setting: Setting{Nodes: 3, Nemesis: nothing, Workload: rows, Duration: usual},
			Seeds:   3,
		},
		{
			Name:  "connection-is-kept",
			About: "A session that selects a core object of another library goes on with its connection to the last one: rows land in a library where nobody looks for them.",
			Edits: []Edit{{
				File: "proxy/extension.go",
				Old:  "		s.move()\n		s.library = p.Library\n",
				New:  "		s.library = p.Library\n",
			}},
			Check:   []string{rowsOnce, oneLibrary, linearizable},
			Setting: Setting{Nodes: 3, Nemesis: nothing, Workload: rows, Duration: usual},
			Seeds:   1,
		},
		{
			Name: "unknown-is-called-refused",
			About: "A statement whose answer was lost with the connection to the server is said not to have been executed. " +
				"Some of these were, and who repeats such a one does it twice.",
			Edits: []Edit{{
				File: "proxy/exchange.go",
				Old:  "	return s.writeErr(kindOutcomeUnknown.with(library))\n",
				New:  "	return s.writeErr(kindNoServer.with(library, lost.err))\n",
			}},
			Check:   []string{rowsOnce},
			Setting: Setting{Nodes: 3, Nemesis: servers, Workload: rows, Duration: usual},
			Seeds:   4,
		},
	}
}
