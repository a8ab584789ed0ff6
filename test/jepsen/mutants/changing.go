package main

// changing are mistakes around changes of libraries, servers and members.
func changing() []Mutant {
	return []Mutant{
		{
			Name: "closed-library-is-noticed-late",
			About: "The leader makes the ring of libraries anew once a second only, since it costs time, and the state machine takes what was chosen: " +
				"a closed library gets new core objects for up to a second.",
			Edits: []Edit{
				{
					File: "fsm/batch.go",
					Old:  "	if l := s.libraries.Load().ByID(library); l == nil || !l.takesNew() {\n",
					New:  "	if l := s.libraries.Load().ByID(library); l == nil {\n",
				},
				{File: "cluster/propose.go", Old: "	chooser := m.newChooser()\n", New: "	chooser := m.recentChooser()\n"},
			},
			Files:   []File{{Path: "cluster/recentchooser.go", Source: "recentchooser.go.txt"}},
			Check:   []string{closedStay},
			Setting: Setting{Nodes: 3, Nemesis: nothing, Workload: directory, Duration: usual * 2},
			Seeds:   3,
		},
		{
			Name: "removed-node-serves",
			About: "A node that is told that it was removed from the cluster only writes it to its log and goes on: clients that are connected to it " +
				"use libraries and servers as they were. It should be seen that its process does not end.",
			Edits: []Edit{{
				File: "cluster/announce.go",
				Old:  "					if !m.leaving.Load() {\n						m.node.fail(err)\n					}\n",
				New:  "					m.logger.Warn(\"this node is no member\", zap.Error(err))\n",
			}},
			Check:   []string{removedEnd},
			Setting: Setting{Nodes: 5, Nemesis: nothing, Workload: members, Duration: usual * 2},
			Seeds:   5,
		},
		{
			Name: "lease-from-contact",
			About: "A node has a lease when it has reached a leader that a majority follows (raft.VerifyLeader), and not when it has applied the entry that grants it. " +
				"A node whose log is behind goes on using a server that is not the active one any more.",
			Edits: []Edit{
				{File: "cluster/leasing.go", Old: "	return m.leases.Add(r)\n", New: "	return m.raft.VerifyLeader().Error()\n"},
				{
					File: "cluster/lease/renewal.go",
					Old:  "	if err == nil {\n		return\n	}\n	k.cfg.Logger.Debug(",
					New:  "	if err == nil {\n		k.granted(r.Nonce)\n		return\n	}\n	k.cfg.Logger.Debug(",
				},
			},
			Check:   []string{rowsOnce, readsSeeRows, transactionsAre, linearizable},
			Setting: Setting{Nodes: 3, Nemesis: splits, Workload: moving, Duration: usual * 3},
			Seeds:   10,
		},
		{
			Name: "majority-lets-go",
			About: "A change of the active server goes on when a majority of the nodes has let go of the old one. " +
				"The others still write there, and the new one misses that.",
			Edits:   []Edit{{File: "cluster/failover/steps.go", Old: "		if over {\n", New: "		if over || len(r.gone) > len(r.nodes)/2 {\n"}},
			Check:   []string{rowsOnce, readsSeeRows, transactionsAre, linearizable},
			Setting: Setting{Nodes: 3, Nemesis: splits, Workload: moving, Duration: usual * 3},
			Seeds:   10,
		},
	}
}
