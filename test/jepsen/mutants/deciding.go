package main

// deciding are mistakes in how nodes come to an answer.
func deciding() []Mutant {
	return []Mutant{
		{
			Name: "follower-assigns",
			About: "A follower gives a new core object a library by itself, answers, and tells the leader afterwards. " +
				"Two nodes give different libraries when they know of different ones, and what the leader does not hear is forgotten.",
			Edits: []Edit{{
				File: "cluster/forward.go",
				Old:  "	leader, reign := m.leadership.current()\n	if leader == \"\" || leader == m.id {\n		failAll(batch, errNotLeader)",
				New:  "	if batch = m.assignHere(batch); len(batch) == 0 {\n		return\n	}\n	leader, reign := m.leadership.current()\n	if leader == \"\" || leader == m.id {\n		failAll(batch, errNotLeader)",
			}},
			Files:   []File{{Path: "cluster/assignhere.go", Source: "assignhere.go.txt"}},
			Check:   []string{oneLibrary, assignmentsStay, linearizable},
			Setting: Setting{Nodes: 3, Nemesis: deaths, Workload: directory, Duration: usual},
			Seeds:   3,
		},
		{
			Name: "answers-when-proposed",
			About: "The leader answers assignments and bindings when it has proposed their entry, before a majority has it. " +
				"What was answered is gone when another node leads that has not got it.",
			Edits: []Edit{{
				File: "cluster/propose.go",
				Old:  "	index, result, err := m.apply(command)\n	if err == nil && len(result.Batch.Items) != len(asks) {",
				New: "	if results, ok := m.foreseen(items); ok {\n" +
					"		m.raft.Apply(command, enqueueTimeout)\n" +
					"		m.distribute(asks, chooser.version, m.raft.LastIndex(), results)\n" +
					"		return\n	}\n" +
					"	index, result, err := m.apply(command)\n	if err == nil && len(result.Batch.Items) != len(asks) {",
			}},
			Files:   []File{{Path: "cluster/foreseen.go", Source: "foreseen.go.txt"}},
			Check:   []string{assignmentsStay, bindingsStay, linearizable, oneLibrary},
			Setting: Setting{Nodes: 3, Nemesis: leaders, Workload: directory, Duration: usual},
			Seeds:   5,
		},
		{
			Name: "lost-leadership-is-success",
			About: "That leadership was lost while an entry was under way is taken for success, since most such entries are committed in the end. " +
				"Some are not: what was answered is gone.",
			Edits: []Edit{{
				File: "cluster/propose.go",
				Old:  "	if err != nil {\n		failAll(asks, err)\n		return\n	}\n	m.metrics.observeBatch(",
				New: "	if results, ok := m.foreseen(items); ok && errors.Is(err, raft.ErrLeadershipLost) {\n" +
					"		m.distribute(asks, chooser.version, m.machine.BegunIndex(), results)\n		return\n	}\n" +
					"	if err != nil {\n		failAll(asks, err)\n		return\n	}\n	m.metrics.observeBatch(",
			}},
			Files:   []File{{Path: "cluster/foreseen.go", Source: "foreseen.go.txt"}},
			Check:   []string{assignmentsStay, bindingsStay, linearizable, oneLibrary},
			Setting: Setting{Nodes: 3, Nemesis: churn, Workload: directory, Duration: usual * 2},
			Seeds:   12,
		},
		{
			Name: "misses-are-answered-locally",
			About: "That a core object has no home is answered from a node's own memory, which may be behind: " +
				"somebody is told that there is none after somebody else was told where it is.",
			Edits: []Edit{{
				File: "cluster/directory.go",
				Old:  "	return n.place(ctx, \"locate\", fsm.LocateItem(core))",
				New:  "	return fsm.Placement{}, fmt.Errorf(\"%w: %s\", fsm.ErrNoPlacement, core)",
			}},
			Check:   []string{linearizable},
			Setting: Setting{Nodes: 3, Nemesis: isolation, Workload: directory, Duration: usual},
			Seeds:   3,
		},
		{
			Name: "unbound-is-answered-locally",
			About: "That a correlated object is not bound is answered from a node's own memory, which may be behind: " +
				"somebody is told that it is not after somebody else was told that it is.",
			Edits: []Edit{{
				File: "cluster/directory.go",
				Old:  "	return n.place(ctx, \"resolve\", fsm.FindItem(class, object))",
				New:  "	return fsm.Placement{}, fmt.Errorf(\"%w: class %s object %s\", fsm.ErrNoBinding, class, object)",
			}},
			Check:   []string{linearizable},
			Setting: Setting{Nodes: 3, Nemesis: isolation, Workload: directory, Duration: usual},
			Seeds:   3,
		},
	}
}
