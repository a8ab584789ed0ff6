// Package console tests the web console as people meet it: in a headless browser, at
// real nodes in front of real servers with clients at work. It judges what the pages
// show by what `mysqlda status` says, and never by their markup but for the names of
// tables, columns and facts.
//
// CONSOLE_PICTURES=DIR keeps a picture of every page there, in both themes and sizes.
package console
