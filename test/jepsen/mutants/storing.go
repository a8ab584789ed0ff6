package main

// storing are mistakes in what reaches the disk.
func storing() []Mutant {
	return []Mutant{
		{
			Name: "log-without-fsync",
			About: "Entries of the log reach the disk up to 5 seconds after they were acknowledged, as without fsync when the power fails. " +
				"When a majority is killed at once what it has acknowledged is gone.",
			Edits: []Edit{
				{File: "cluster/storage/stores.go", Old: "	var disk raft.LogStore = bolt\n", New: "	var disk raft.LogStore = newLazyLog(bolt)\n"},
				{
					File: "cluster/storage/stores.go",
					Old:  "	return s.bolt.Close()\n",
					New:  "	if lazy, ok := s.sealed.log.(*lazyLog); ok {\n		lazy.flush()\n	}\n	return s.bolt.Close()\n",
				},
			},
			Files:   []File{{Path: "cluster/storage/lazylog.go", Source: "lazylog.go.txt"}},
			Check:   []string{assignmentsStay, bindingsStay, linearizable, oneLibrary},
			Setting: Setting{Nodes: 3, Nemesis: deaths, Workload: directory, Duration: usual},
			Seeds:   3,
		},
	}
}
