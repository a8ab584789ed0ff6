#!/bin/sh
# Installs what the tests need beside Go: a MariaDB server and client, and the
# client libraries of Python and Node. With the argument "bench" it installs what
# the benchmarks need instead: a MariaDB server, sysbench and HAProxy. Harmless to
# run again. It never starts, stops or configures a service of this machine.
set -eu
cd "$(dirname "$0")/.."

have() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
say() { echo "deps: $*"; }

pymysql() {
	for python in python3 /usr/bin/python3; do
		"$python" -c 'import pymysql' >/dev/null 2>&1 && return 0
	done
	return 1
}

purpose=${1:-tests}
missing=""
have mariadbd || have mysqld || missing="$missing mariadb-server"
if [ "$purpose" = bench ]; then
	have sysbench || missing="$missing sysbench"
	have haproxy || missing="$missing haproxy"
else
	have mariadb || missing="$missing mariadb-client"
	pymysql || missing="$missing python3-pymysql"
	have node || missing="$missing nodejs"
	have npm || missing="$missing npm"
fi

if [ -n "$missing" ]; then
	if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
		say "missing:$missing"
		say "install them with your system's package manager (on Debian: sudo scripts/deps.sh);"
		[ "$purpose" = bench ] && exit 1
		say "the tests that need them are skipped until then"
		exit 0
	fi
	say "installing$missing"
	# Debian starts a server's service when its package is installed; a policy
	# that answers 101 tells it not to. An existing policy is left alone.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
		trap 'rm -f "$policy"' EXIT
	fi
	apt-get update -q
	# shellcheck disable=SC2086 # a list of packages
	DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

[ "$purpose" = bench ] && exit 0

# The Node client goes beside its test program, at the versions of the lock file.
clients=test/clients/node
if have npm && ! cmp -s "$clients/package-lock.json" "$clients/node_modules/.installed-lock"; then
	say "installing the Node client library into $clients/node_modules"
	npm ci --prefix "$clients" --no-audit --no-fund --ignore-scripts --loglevel=error
	cp "$clients/package-lock.json" "$clients/node_modules/.installed-lock"
fi
say "everything the tests need is here"
