// Package console is the web console: the pages that a browser gets of a node's HTTP
// address. They are plain HTML, CSS and ES modules, embedded as they are, and ask the
// API of package admin, which mounts them. Nothing is built, nothing is fetched from
// elsewhere, and nothing is changed: operators do that with the mysqlda command.
//
//	page/index.html   the one document
//	page/*.css        how it looks: colours, layout, parts, charts
//	page/main.js      which page is shown, and when it is read again
//	page/api.js       every request goes through it; token.js has the token
//	page/dom.js       elements, whose text is never markup; patch.js keeps those that are there
//	page/readings.js  what was read while the page is open, from which rates are made
//	page/warnings.js  what is wrong, from a status
//	page/*.js         the rest are the pages, and charts, tables, words and numbers
package console
