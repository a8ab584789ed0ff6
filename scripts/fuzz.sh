#!/bin/sh
# Runs every fuzz target of the module, one after another, each for $1. It fails
# when a target found something or could not run.
set -eu
cd "$(dirname "$0")/.."
duration=${1:?usage: scripts/fuzz.sh DURATION}
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# Go before 1.27 may report the end of the time as a failure of the target
# (golang/go#75804): then nothing else is said, and no input is written.
only_time_ran_out() {
	grep -q '^ *context deadline exceeded$' "$out" && ! grep -qE 'Failing input written|panic:|_test\.go:[0-9]+:' "$out"
}

grep -ro --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | grep -v '^./test/embedded/' | sort | while IFS=: read -r file function; do
	target=${function#func }
	echo "== $target in $(dirname "$file") for $duration"
	if go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "$(dirname "$file")" </dev/null >"$out" 2>&1; then
		tail -n 3 "$out"
	elif only_time_ran_out; then
		echo "time is up; nothing was found"
	else
		cat "$out"
		exit 1
	fi
done
