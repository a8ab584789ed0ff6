package broker

// HomeSchema makes the tables of clients. They are in every library, because a
// client may live in any.
var HomeSchema = []string{
	// owner is made anew each time the client connects. Events up to cursor_id
	// are queued. next_seq is the seq of the next message in outbox.
	`CREATE TABLE sessions (
		client_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
		owner     CHAR(32) NOT NULL,
		cursor_id BIGINT UNSIGNED NOT NULL,
		next_seq  BIGINT UNSIGNED NOT NULL
	)`,
	// Events after since_id are for this subscription.
	`CREATE TABLE subscriptions (
		client_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
		filter    VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
		qos       TINYINT NOT NULL,
		since_id  BIGINT UNSIGNED NOT NULL,
		PRIMARY KEY (client_id, filter)
	)`,
	// What the client has published and not released.
	`CREATE TABLE inbox (
		client_id  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
		packet_id  SMALLINT UNSIGNED,
		message_id CHAR(32) NOT NULL,
		topic      VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
		payload    BLOB NOT NULL,
		qos        TINYINT NOT NULL,
		retain     BOOLEAN NOT NULL,
		PRIMARY KEY (client_id, packet_id)
	)`,
	// What waits for the client, and what is in flight to it: released after the
	// client has received it and until the client has said that it is done.
	`CREATE TABLE outbox (
		client_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
		seq       BIGINT UNSIGNED,
		packet_id SMALLINT UNSIGNED NOT NULL,
		event_id  BIGINT UNSIGNED NOT NULL,
		topic     VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
		payload   BLOB NOT NULL,
		qos       TINYINT NOT NULL,
		retain    BOOLEAN NOT NULL,
		released  BOOLEAN NOT NULL DEFAULT FALSE,
		PRIMARY KEY (client_id, seq),
		UNIQUE (client_id, packet_id),
		UNIQUE (client_id, event_id)
	)`,
	`CREATE TABLE wills (
		client_id  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
		message_id CHAR(32) NOT NULL,
		topic      VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
		payload    BLOB NOT NULL,
		qos        TINYINT NOT NULL,
		retain     BOOLEAN NOT NULL
	)`,
	`CREATE TABLE retained (
		client_id  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
		topic      VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
		message_id CHAR(32) NOT NULL,
		payload    BLOB NOT NULL,
		qos        TINYINT NOT NULL,
		PRIMARY KEY (client_id, topic)
	)`,
}

// EventSchema makes the tables that brokers share, in the default library.
// An event without a topic is a gap that was closed.
var EventSchema = []string{
	`CREATE TABLE events (
		id         BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
		message_id CHAR(32) NOT NULL UNIQUE,
		topic      VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
		payload    BLOB NOT NULL,
		qos        TINYINT NOT NULL
	)`,
	// Whose home has the retained message of a topic.
	`CREATE TABLE retained_topics (
		topic      VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
		client_id  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
		message_id CHAR(32) NOT NULL,
		event_id   BIGINT UNSIGNED NOT NULL
	)`,
}
