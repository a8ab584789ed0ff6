package main

import "time"

// Numbers to reach.
const (
	mostAfterKill = 5 * time.Second // without writes, after a server was killed
	mostPlanned   = time.Second     // without writes, in a planned switch
)

// promote is the setup of most scenarios.
var promote = setup{policy: "promote"}

// scenarios are all of them, in the order in which they are gone through.
func scenarios() []scenario {
	return []scenario{
		{
			name: "kill", title: "the active server is killed",
			setup: promote, strike: killActive, least: 1, most: 1, quick: true, median: mostAfterKill,
		},
		{
			name: "pause", title: "the active server stands still, and goes on after the switch",
			setup: promote, strike: pauseActive, least: 1, most: 1, quick: true,
		},
		{
			name: "shutdown", title: "the active server is shut down",
			setup: promote, strike: shutDownActive, least: 1, most: 1,
		},
		{
			name: "mute", title: "something accepts connections in the place of the active server and never answers",
			setup: promote, strike: muteActive, least: 1, most: 1,
		},
		{
			name: "disk", title: "the disk of the active server is full",
			setup: setup{policy: "promote", smallDisk: smallDiskBytes}, strike: fillDisk, least: 0, most: 2, hangs: true,
		},
		{
			name: "flapping", title: "whichever server is active is killed, again and again",
			setup: promote, strike: flap, least: 1, most: flaps, hangs: true,
		},
		{
			name: "replicas", title: "the replicas stand still when the active server is killed, and go on later",
			setup: promote, strike: freezeReplicas, least: 1, most: 1, hangs: true,
		},
		{
			name: "blackout", title: "all servers are killed, and the one that was active is back first",
			setup: promote, strike: blackOut, least: 0, most: 1, hangs: true,
		},
		{
			name: "restarts", title: "servers start read-only: replicas are killed and start again, then the active server is killed",
			setup: setup{policy: "promote", readOnly: true}, strike: restartReplicas, least: 1, most: 1,
		},
		{
			name: "leader", title: "the node that leads is killed",
			setup: promote, strike: killLeader, least: 0, most: 0,
		},
		{
			name: "midway", title: "the active server is killed, and the node that leads in the middle of the switch",
			setup: promote, strike: killBoth, least: 1, most: 1,
		},
		{
			name: "nodedown", title: "a node is killed, and the active server when the node's lease has run out",
			setup: promote, strike: killLater, least: 1, most: 1,
		},
		{
			name: "frozen", title: "a node stands still for longer than a lease, and the active server is killed meanwhile",
			setup: promote, strike: freezeFollower, least: 1, most: 1,
		},
		{
			name: "frozenleader", title: "the node that leads stands still for longer than a lease, and the active server is killed meanwhile",
			setup: promote, strike: freezeLeader, least: 1, most: 1,
		},
		{
			name: "wakeup", title: "a node stands still, and goes on when it alone still reaches the old active server",
			setup: promote, strike: wakeUp, least: 1, most: 1,
		},
		{
			name: "isolated", title: "nobody reaches the active server, and it reaches nobody",
			setup: promote, strike: isolateActive, least: 1, most: 1,
		},
		{
			name: "majority", title: "two nodes of three do not reach the active server",
			setup: promote, strike: cutMajority, least: 1, most: 1,
		},
		{
			name: "deafserver", title: "nothing that nodes send reaches the active server",
			setup: promote, strike: cutToServer, least: 1, most: 1,
		},
		{
			name: "deafnodes", title: "nothing that the active server sends reaches nodes",
			setup: promote, strike: cutFromServer, least: 1, most: 1,
		},
		{
			name: "minority", title: "a node and the active server are cut off from all others",
			setup: promote, strike: cutMinority, least: 1, most: 1, quick: true,
		},
		{
			name: "loneleader", title: "the node that leads is cut off from the other nodes",
			setup: promote, strike: cutLeader, least: 0, most: 0,
		},
		{
			name: "nogossip", title: "nodes do not hear each other's gossip, and the active server is killed",
			setup: promote, strike: cutGossip, least: 1, most: 1,
		},
		{
			name: "planned", title: "a planned switch",
			setup: promote, strike: planned, least: 1, most: 1, quick: true, median: mostPlanned,
		},
		{
			name: "longtransaction", title: "a planned switch waits for a long transaction",
			setup: promote, strike: plannedLong, least: 1, most: 1,
		},
		{
			name: "toolong", title: "a planned switch is given up because a transaction takes too long",
			setup: promote, strike: plannedTooLong, least: 0, most: 0,
		},
		{
			name: "ordered", title: "policy ordered: the active server is killed",
			setup: setup{policy: "ordered", mesh: true}, strike: killActive, least: 1, most: 1, trusts: true,
		},
		{
			name: "failback", title: "policy ordered with failback: the active server is killed, and comes back",
			setup: setup{policy: "ordered", failback: true, mesh: true}, strike: killForFailback, least: 2, most: 2, trusts: true,
		},
		{
			name: "follow", title: "policy follow: the active server is killed, and a replica promoted by hand",
			setup: setup{policy: "follow"}, strike: promoteByHand, least: 1, most: 1,
		},
		{
			name: "handover", title: "policy follow: the active server hands over to a replica by hand",
			setup: setup{policy: "follow"}, strike: handOverByHand, least: 1, most: 1,
		},
	}
}
