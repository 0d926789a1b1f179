#!/bin/sh
# A bot in shell, on `sotto client --json` and jq: whoever writes "!disk", in a room that it is in
# or to it alone, is told privately how full the disk of its machine is.
#
#     examples/bots/disk.sh NAME@HOST[:PORT] [OPTION...]     the options of sotto client
#
# What others write never reaches the shell: jq compares the text, and a name is harmless.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/lines" # What the bot says goes back into the client that it listens to.

sotto client "$@" --json <"$folder/lines" |
  jq --unbuffered -r 'select(.event == "message" and .text == "!disk") | .from' |
  while read -r from; do
    full=$(df -P / | awk 'NR == 2 { print $5 }')
    echo "@$from The disk of $(uname -n) is $full full."
  done >"$folder/lines"
