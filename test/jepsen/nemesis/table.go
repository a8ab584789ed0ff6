package nemesis

import "github.com/mysqlda/mysqlda/test/jepsen/cluster"

// All are the nemeses there are.
var All = []Nemesis{
	{Name: "kill-minority", About: "kill -9 of fewer than half of the members", strike: kill(aMinority)},
	{Name: "kill-leader", About: "kill -9 of the leader", strike: kill(theLeader)},
	{Name: "kill-all", About: "kill -9 of all members at once", strike: kill(allMembers)},

	{Name: "pause-short", About: "SIGSTOP of a minority for 0.1 to 1 s", strike: pause(aMinority, minInstant, maxInstant)},
	{Name: "pause-long", About: "SIGSTOP of a minority for 7 to 12 s, longer than a lease and an election", strike: pause(aMinority, minLong, maxLong)},
	{Name: "pause-leader", About: "SIGSTOP of the leader for 7 to 12 s", strike: pause(theLeader, minLong, maxLong)},
	{Name: "pause-leader-commits", About: "SIGSTOP of whoever leads, again and again for 0.1 to 2 s, in the middle of commits", strike: stutter},
	{Name: "pause-all", About: "SIGSTOP of all members for 7 to 12 s", strike: pause(allMembers, minLong, maxLong)},

	{Name: "halves", About: "the members fall into two halves", NeedsHosts: true, strike: cut(betweenHalves)},
	{Name: "majority-ring", About: "each of five members or more reaches a majority of its own", NeedsHosts: true, strike: cut(aroundRing)},
	{Name: "bridge", About: "one member connects two halves", NeedsHosts: true, strike: cut(aroundBridge)},
	{Name: "one-way", About: "one half of the members does not hear the other", NeedsHosts: true, strike: cut(oneWay)},
	{Name: "single-link", About: "two members do not reach each other", NeedsHosts: true, strike: cut(aSingleLink)},
	{Name: "flapping", About: "links are cut and mended, again and again", NeedsHosts: true, strike: flap},
	{Name: "leader-isolated", About: "the leader reaches no member", NeedsHosts: true, strike: cut(aroundLeader)},
	{Name: "leader-half", About: "the leader is heard and hears nothing, or hears and is not heard", NeedsHosts: true, strike: cut(halfLeader)},
	{Name: "leader-churn", About: "whoever leads reaches no member for 2 to 5 s, again and again", NeedsHosts: true, strike: churn},
	{Name: "gossip-cut", About: "no gossip between members, of all links or of some", NeedsHosts: true, strike: cutPort(cluster.GossipPort)},
	{Name: "raft-cut", About: "no Raft between members, of all links or of some, while gossip goes on", NeedsHosts: true, strike: cutPort(cluster.ClusterPort)},

	{Name: "slow", About: "packets take 5 ms to 2 s longer over links between members", NeedsHosts: true, strike: slow},
	{Name: "lossy", About: "links between members lose 2 to 41 packets of a hundred", NeedsHosts: true, strike: lose},
	{Name: "narrow", About: "links between members lose what is more than 1 to 20 KiB/s", NeedsHosts: true, strike: narrow},

	{Name: "full-disk", About: "no room on the disk of the leader or another member, which may end itself", NeedsRoot: true, NeedsSmallDisks: true, endsNodes: true, strike: fillDisk},
	{Name: "failing-fsync", About: "every fsync of a member fails with EIO, and the member ends itself", NeedsRoot: true, endsNodes: true, strike: failSync},
	{Name: "slow-fsync", About: "every fsync of a member takes 5 ms to 20 s longer", NeedsRoot: true, endsNodes: true, strike: slowSync},
	{Name: "torn-write", About: "kill -9 of a minority, and damage to what they had not yet made sure to be on disk", strike: tear},
	{Name: "clock-jump", About: "a minority is killed and started with clocks an hour ahead or some seconds back; the time of day stays, which is all nodes' together", NeedsRoot: true, strike: jump},

	{Name: "server-kill", About: "kill -9 of the only server of a library", strike: killServer(still)},
	{Name: "server-pause", About: "SIGSTOP of the only server of a library for 0.1 to 12 s", strike: pauseServer(still)},
	{Name: "server-cut", About: "some or all nodes do not reach the only server of a library", NeedsHosts: true, strike: cutServer(still)},
	{Name: "moving-kill", About: "kill -9 of a server of the library that moves", NeedsMoving: true, strike: killServer(moving)},
	{Name: "moving-pause", About: "SIGSTOP of a server of the library that moves for 0.1 to 12 s", NeedsMoving: true, strike: pauseServer(moving)},
	{Name: "moving-cut", About: "some or all nodes, or everybody, do not reach a server of the library that moves", NeedsHosts: true, NeedsMoving: true, strike: cutServer(moving)},
	{Name: "moving-split", About: "the active server of the library that moves and a minority of the members are on one side, everybody else on the other, for 8 to 20 s", NeedsHosts: true, NeedsMoving: true, strike: splitMoving},
	{Name: "moving-laggard", About: "a member that learns of log entries many seconds late, because its syncs take 4 s, is for 12 to 25 s the only one that reaches the active server of the library that moves", NeedsHosts: true, NeedsRoot: true, NeedsMoving: true, strike: lagMoving},
}

// Names are those of All.
func Names() []string {
	names := make([]string, len(All))
	for i, n := range All {
		names[i] = n.Name
	}
	return names
}
