// Package browser drives a headless Chromium for tests, through the DevTools protocol
// over a pipe: no port, no websocket, no other module. It knows nothing of what the
// pages are; package test/console, which uses it, does.
//
//	start.go     the process
//	pipe.go      messages to it and from it
//	page.go      one page: size, address, script, picture
//	observed.go  what a page did: requests, errors
//
// A Browser and its pages may be used from any goroutine.
package browser
