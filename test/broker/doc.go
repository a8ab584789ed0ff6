// Package broker is a message broker in the manner of MQTT whose cluster keeps
// all of its state in MySQL, behind mysqlda. It is an application, written with
// an ordinary connection pool, that shows how one is built on core objects, and
// a test of the product: see TestBroker in test/integration. It is no full MQTT
// broker: packets are lines of JSON, and there is no keep-alive and no login.
//
//	broker.go     the broker: clients come in, sessions find their place
//	session.go    one client's session: what is routed to it and sent
//	publish.go    one client's session: what the client publishes, and its will
//	state.go      a session's rows, in transactions of its home library
//	events.go     the event table, in the default library
//	retained.go   retained messages, in both
//	mysql.go      the pool: which node, which library, which errors to repeat
//	schema.go     the tables
//	packet.go     the packets, on a connection
//	topic.go      topics and filters
//	client.go     a client, which connects again by itself
//
// # Where things are
//
// The core object is the client. All that belongs to one client (its session,
// subscriptions, queued and in-flight messages, will, the retained messages
// that it has published) is in its home library, reached with `select library
// CLIENT`, so each step of the protocol is one transaction of one MySQL. What
// brokers tell each other is one table of events in the default library, where
// connections are that select nothing. A connection that has selected a library
// stays there when it goes back to its pool, so there are two pools.
//
// # Exactly once
//
// A transaction never spans two libraries, and after error 9513 nobody knows
// whether one took place. So every step can be repeated:
//
//   - The first packet of a publish puts the message into the publisher's home
//     under (client, packet id), with an id made for it. Repeated, it finds it
//     there.
//   - The client's release appends it to the events, where its id is unique, and
//     only then forgets it at home. Repeated, it is in the events already.
//   - A session takes events from the table in order. The transaction that queues
//     a message for it also moves its cursor, so an event is queued once.
//   - A queued message has its packet id from the row. The receiver knows that id
//     until it is released, the row ends when the receiver says that it is done.
//
// Each of these transactions first locks the session's row and looks whether the
// session is still this broker's. So a transaction that is cut off and committed
// late is waited for, and a broker from which the client has moved away can
// change nothing any more.
//
// # The order of events
//
// Ids come from AUTO_INCREMENT: a transaction that has failed leaves a gap, and
// one that takes its id first may be seen last. A reader that went by `id > last`
// alone would step over an event that is still on its way. So a reader that finds
// a gap closes it: it inserts an empty event with the missing id. If somebody is
// about to commit that id the insert waits for the outcome; if somebody comes
// later, he fails and takes a new id. Either way the gap is settled for all
// readers and for ever, without a clock.
package broker
