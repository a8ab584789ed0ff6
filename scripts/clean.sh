#!/bin/sh
# Removes the caches and the leftovers of killed test runs from the temporary
# directory, and the Node client library. Ends no process.
set -eu
cd "$(dirname "$0")/.."
rm -rf test/clients/node/node_modules
rm -rf "${TMPDIR:-/tmp}"/mysqlda-mysqld-* "${TMPDIR:-/tmp}"/mysqlda-datadir-* \
	"${TMPDIR:-/tmp}"/mysqlda-cluster-* "${TMPDIR:-/tmp}"/mysqlda-bin-* "${TMPDIR:-/tmp}"/mysqlda-demo-* \
	"${TMPDIR:-/tmp}"/mysqlda-bench-* "${TMPDIR:-/tmp}"/mysqlda-failover-*
