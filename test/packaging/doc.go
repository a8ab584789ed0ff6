// Package packaging tests what brings the program to a machine: the Debian package and the
// units of systemd. It installs the package into a directory of its own.
package packaging
