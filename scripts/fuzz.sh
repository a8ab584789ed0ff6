#!/bin/sh
# Runs every fuzz target of the module, one after another, each for $1.
set -eu
cd "$(dirname "$0")/.."
duration=${1:?usage: scripts/fuzz.sh DURATION}

grep -rl --include='*_test.go' '^func Fuzz' . | grep -v '^./test/embedded/' | sort | while read -r file; do
	sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file" | while read -r target; do
		echo "== $target in $(dirname "$file") for $duration"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "$(dirname "$file")" </dev/null
	done
done
