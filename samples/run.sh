#!/bin/sh
# Checks every sample menu by the law of its market and prints the verdicts.
# Usage: samples/run.sh [claimlens] [options of `claimlens check`]
# The menus and their locales are listed in menus.tsv. Findings are what the samples are for, so they do not fail the
# run; an item that could not be checked does.
set -eu
cd "$(dirname "$0")/.."
claimlens=${1:-claimlens}
[ $# -eq 0 ] || shift

tab=$(printf '\t')
while IFS="$tab" read -r menu locale; do
  printf '\n== samples/%s (%s)\n' "$menu" "$locale"
  "$claimlens" check "samples/$menu" --locale "$locale" --fail-on never "$@" </dev/null
done <samples/menus.tsv
