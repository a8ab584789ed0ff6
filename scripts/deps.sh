#!/bin/sh
# Installs what the tests need beside Go: a MariaDB server, its own test suite, strace,
# iproute2, nftables, shellcheck, Chromium, and the client libraries of many languages.
# With the argument "bench" it installs what the benchmarks need instead: a MariaDB server,
# sysbench and HAProxy. Harmless to run again. It never starts, stops or configures a
# service of this machine.
set -eu
cd "$(dirname "$0")/.."

have() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
say() { echo "deps: $*"; }

# Debian's modules are for Debian's interpreters, whatever comes first in PATH.
python_has() { /usr/bin/python3 -c "import $1" >/dev/null 2>&1; }
perl_has() { /usr/bin/perl -e "use $1" >/dev/null 2>&1; }

purpose=${1:-tests}
missing=""
have mariadbd || have mysqld || missing="$missing mariadb-server"
if [ "$purpose" = bench ]; then
	have sysbench || missing="$missing sysbench"
	have haproxy || missing="$missing haproxy"
else
	have mariadb || missing="$missing mariadb-client"
	python_has pymysql || missing="$missing python3-pymysql"
	python_has MySQLdb || missing="$missing python3-mysqldb"
	perl_has DBD::mysql || missing="$missing libdbd-mysql-perl"
	perl_has DBD::MariaDB || missing="$missing libdbd-mariadb-perl"
	have strace || missing="$missing strace" # to make a disk hang
	have ip || missing="$missing iproute2" # these two for hosts of their own on one machine
	have shellcheck || missing="$missing shellcheck"
	have nft || missing="$missing nftables"
	have cc || missing="$missing gcc libc6-dev"
	have mariadb_config || missing="$missing libmariadb-dev"
	have php || missing="$missing php-cli"
	php -r "exit(extension_loaded('pdo_mysql') ? 0 : 1);" >/dev/null 2>&1 || missing="$missing php-mysql"
	/usr/bin/ruby -e "require 'mysql2'" >/dev/null 2>&1 || missing="$missing ruby-mysql2"
	have java || missing="$missing openjdk-17-jdk-headless"
	[ -e /usr/share/java/mariadb-java-client.jar ] || missing="$missing libmariadb-java"
	{ have mariadb-test && [ -d /usr/share/mysql/mysql-test/main ]; } || missing="$missing mariadb-test"
	have node || missing="$missing nodejs"
	have npm || missing="$missing npm"
	have chromium || have chromium-browser || have google-chrome || missing="$missing chromium" # for the web console
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

# The Node clients go beside their programs, at the versions of the lock file.
clients=test/clients/programs/node
if have npm && ! cmp -s "$clients/package-lock.json" "$clients/node_modules/.installed-lock"; then
	say "installing the Node client libraries into $clients/node_modules"
	npm ci --prefix "$clients" --no-audit --no-fund --ignore-scripts --loglevel=error
	cp "$clients/package-lock.json" "$clients/node_modules/.installed-lock"
fi
say "everything the tests need is here"
