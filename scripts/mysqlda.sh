#!/bin/sh
# Runs a node in the background and looks after it: the verbs of the original's
# script. The exit codes are those of the LSB for init scripts; docs/upgrade.md lists
# them. The process is found by its pid file, never by its name.
#
#   MYSQLDA        the program (mysqlda)
#   MYSQLDA_CONF   its config file ($HOME/etc/mysqlda.conf)
#   MYSQLDA_WAIT   seconds that `stop` waits, and `kill` (60)
set -u
unset CDPATH

usage() {
	echo "usage: mysqlda.sh status | start [OPTION...] | stop | kill | restart [OPTION...] | reload" >&2
	echo "options of start are those of \`mysqlda -a start\`, such as --loglevel-debug" >&2
}

fail() {
	echo "mysqlda.sh: $1" >&2
	exit "$2"
}

program=${MYSQLDA:-mysqlda}
conf=${MYSQLDA_CONF:-${HOME:-}/etc/mysqlda.conf}
patience=${MYSQLDA_WAIT:-60}

# find_pid sets pid to the process of the pid file, and fails if it does not run. A
# process that has got the same number by chance has another command line.
find_pid() {
	pid=
	[ -f "$pid_file" ] || return 1
	read -r number <"$pid_file" || return 1
	case $number in '' | 0 | *[!0-9]*) return 1 ;; esac
	if [ -r "/proc/$number/cmdline" ]; then
		line=$(tr '\0' ' ' <"/proc/$number/cmdline")
	else
		line=$(ps -o args= -p "$number" 2>/dev/null)
	fi
	case $line in
	*" --pid-file $pid_file "* | *" --pid-file $pid_file") pid=$number ;;
	*) return 1 ;;
	esac
}

# await_end waits until process $1 is gone.
await_end() {
	left=$patience
	while find_pid && [ "$pid" = "$1" ]; do
		[ "$left" -gt 0 ] || return 1
		left=$((left - 1))
		sleep 1
	done
}

status() {
	if find_pid; then
		echo "mysqlda runs: process $pid, config file $conf"
		return 0
	fi
	if [ -f "$pid_file" ]; then
		echo "mysqlda does not run; it has left $pid_file behind"
		return 1
	fi
	echo "mysqlda does not run"
	return 3
}

start() {
	if find_pid; then
		echo "mysqlda runs already: process $pid"
		return 0
	fi
	command -v "$program" >/dev/null 2>&1 || fail "there is no program $program; put it into PATH or name it with MYSQLDA" 5
	[ -f "$conf" ] || fail "config file $conf does not exist; \`mysqlda -a init -f $conf\` writes one" 6
	if [ -n "${MYSQLDA_LOGDIR:-}" ]; then
		mkdir -p "$MYSQLDA_LOGDIR" || exit 4
	fi
	"$program" -f "$conf" -a start "$@"
}

stop() {
	if ! find_pid; then
		echo "mysqlda does not run"
		return 0
	fi
	was=$pid
	kill -TERM "$was" || exit 4
	await_end "$was" || fail "process $was has not ended within $patience s; \`mysqlda.sh kill\` ends it at once" 1
	echo "mysqlda has stopped: it was process $was"
}

kill_now() {
	if find_pid; then
		was=$pid
		kill -KILL "$was" || exit 4
		await_end "$was" || fail "process $was has not ended within $patience s" 1
		echo "mysqlda is killed: it was process $was"
	else
		echo "mysqlda does not run"
	fi
	rm -f "$pid_file" || exit 4
}

reload() {
	find_pid || fail "mysqlda does not run" 7
	"$program" reload -f "$conf"
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
start | restart) ;;
status | stop | kill | reload)
	if [ $# -gt 0 ]; then
		usage
		exit 2
	fi
	;;
*)
	usage
	exit 2
	;;
esac

# The program names its pid file by the absolute path of the config file.
dir=$(cd "$(dirname "$conf")" 2>/dev/null && pwd) || dir=$(dirname "$conf")
conf=$dir/$(basename "$conf")
pid_file=${conf%.conf}.pid

case $verb in
status) status ;;
start) start "$@" ;;
stop) stop ;;
kill) kill_now ;;
restart) stop && start "$@" ;;
reload) reload ;;
esac
