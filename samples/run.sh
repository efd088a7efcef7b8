#!/bin/sh
# Checks every sample menu by the law of its market and prints the verdicts, then serves the API.
# Usage: samples/run.sh [claimlens] [options of `claimlens check`]
# The menus and their locales are listed in menus.tsv. Findings are what the samples are for, so they do not fail the
# run; an item that could not be checked does. Without a terminal (or with CI set) the server is started over an empty
# folder, asked how it is, and stopped.
set -eu
cd "$(dirname "$0")/.."
claimlens=${1:-claimlens}
[ $# -eq 0 ] || shift

tab=$(printf '\t')
while IFS="$tab" read -r menu locale; do
  printf '\n== samples/%s (%s)\n' "$menu" "$locale"
  "$claimlens" check "samples/$menu" --locale "$locale" --fail-on never "$@" </dev/null
done <samples/menus.tsv

if [ -t 1 ] && [ -z "${CI:-}" ]; then
  printf '\n== claimlens serve (Ctrl+C stops it)\n'
  exec "$claimlens" serve
fi
printf '\n== claimlens serve --get /health\n'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
CLAIMLENS_DATA_DIR=$folder "$claimlens" serve --port 0 --get /health
