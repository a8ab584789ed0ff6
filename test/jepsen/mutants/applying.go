package main

// applying are mistakes in the state machine.
func applying() []Mutant {
	return []Mutant{
		{
			Name: "put-placement",
			About: "The state machine puts a placement instead of putting it if there is none: of two entries that assign one core object " +
				"the later one wins, and the client of the earlier one was told another library.",
			Edits: []Edit{{
				File: "fsm/batch.go",
				Old:  "		return ItemResult{Placement: log.placementAt(at.offset())}, nil\n",
				New:  "		s.overwritePlacement(at, log.placementAt(at.offset()), library)\n		return ItemResult{Placement: log.placementAt(at.offset())}, nil\n",
			}},
			Files:   []File{{Path: "fsm/overwrite.go", Source: "overwrite.go.txt"}},
			Check:   []string{oneLibrary, linearizable},
			Setting: Setting{Nodes: 3, Nemesis: delays, Workload: picking, Duration: usual * 2},
			Seeds:   10,
		},
		{
			Name:  "put-binding",
			About: "The state machine puts a binding instead of putting it if there is none: who binds a bound object to another core object moves it.",
			Edits: []Edit{{
				File: "fsm/batch.go",
				Old:  "			return ItemResult{Err: fmt.Errorf(\"%w: class %s object %s is bound to %s, not to %s\", ErrBound, class, object, bound, core)}, nil\n",
				New: "			home := log.seekPlacement(core)\n			if !home.found {\n				return ItemResult{Err: fmt.Errorf(\"%w: %s\", ErrNoPlacement, core)}, nil\n			}\n" +
					"			log.overwriteBinding(at, home, Binding{Class: class, Object: object, Core: core})\n",
			}},
			Files:   []File{{Path: "fsm/overwrite.go", Source: "overwrite.go.txt"}},
			Check:   []string{linearizable, bindingsStay},
			Setting: Setting{Nodes: 3, Nemesis: nothing, Workload: directory, Duration: usual},
			Seeds:   2,
		},
		{
			Name: "snapshot-is-older-than-it-says",
			About: "A snapshot has the index of now and the records of a moment ago, because what was captured last is used again. " +
				"A node that starts from it misses the records in between, and stops when nodes compare their digests.",
			Edits:   []Edit{{File: "fsm/snapshot.go", Old: "		mappings:  log.view(),\n", New: "		mappings:  log.recentView(),\n"}},
			Files:   []File{{Path: "fsm/recentview.go", Source: "recentview.go.txt"}},
			Check:   []string{assignmentsStay, bindingsStay, nodesAgree, linearizable},
			Setting: Setting{Nodes: 3, Nemesis: deaths, Workload: directory, Duration: usual},
			Seeds:   2,
		},
		{
			Name:  "restore-forgets-bindings",
			About: "Bindings of a snapshot are read and not added: a node that starts from it does not know them, and stops when nodes compare their digests.",
			Edits: []Edit{{
				File: "fsm/restore.go",
				Old:  "		bindings:   func(list []Binding) error { return a.give(recordList{bindings: list}) },\n",
				New:  "		bindings:   func([]Binding) error { return nil },\n",
			}},
			Check:   []string{bindingsStay, linearizable, nodesAgree, nodesAnswer, processesHealthy},
			Setting: Setting{Nodes: 3, Nemesis: deaths, Workload: directory, Duration: usual},
			Seeds:   2,
		},
		{
			Name:  "restore-forgets-counts",
			About: "Placements of a snapshot are not counted: how many core objects a library holds is wrong after a restart.",
			Edits: []Edit{{
				File: "fsm/restore.go",
				Old:  "		s.tally.addPlacement(p.Library)\n",
				New:  "",
			}},
			Check:   []string{countsEqual},
			Setting: Setting{Nodes: 3, Nemesis: deaths, Workload: directory, Duration: usual},
			Seeds:   2,
		},
		{
			Name:  "chooses-in-map-order",
			About: "The state machine chooses the library itself, the first one of a map: each node has its own order.",
			Edits: []Edit{{
				File: "fsm/batch.go",
				Old:  "	if l := s.libraries.Load().ByID(library); l == nil || !l.takesNew() {\n",
				New: "	open := make(map[LibraryID]bool)\n	for _, l := range s.libraries.Load().All() {\n		if l.takesNew() {\n			open[l.ID] = true\n		}\n	}\n" +
					"	for id := range open {\n		library = id\n		break\n	}\n" +
					"	if l := s.libraries.Load().ByID(library); l == nil || !l.takesNew() {\n",
			}},
			Check:   []string{oneLibrary, linearizable, nodesAgree},
			Setting: Setting{Nodes: 3, Nemesis: nothing, Workload: directory, Duration: usual},
			Seeds:   1,
		},
		{
			Name: "binding-assigns",
			About: "Binding to a core object that has no home gives it one: somebody who only asks where it is finds it assigned, " +
				"although nobody has selected it.",
			Edits: []Edit{{
				File: "fsm/batch.go",
				Old:  "	home := log.seekPlacement(core)\n	if !home.found {\n		return ItemResult{Err: fmt.Errorf(\"%w: %s\", ErrNoPlacement, core)}, nil\n	}\n",
				New: "	home := log.seekPlacement(core)\n	if !home.found {\n		for _, l := range s.libraries.Load().All() {\n			if l.takesNew() {\n" +
					"				if _, err := s.assign(core, l.ID); err != nil {\n					return ItemResult{}, err\n				}\n				break\n			}\n		}\n" +
					"		home = log.seekPlacement(core)\n	}\n	if !home.found {\n		return ItemResult{Err: fmt.Errorf(\"%w: %s\", ErrNoPlacement, core)}, nil\n	}\n",
			}},
			Check:   []string{linearizable},
			Setting: Setting{Nodes: 3, Nemesis: nothing, Workload: directory, Duration: usual},
			Seeds:   2,
		},
	}
}
