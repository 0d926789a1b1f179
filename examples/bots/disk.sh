#!/bin/sh
# A bot in shell, on `sotto client --json` and jq. It answers "!disk", in its rooms and in private
# messages, with a private message that says how full the disk of its machine is.
#
#     examples/bots/disk.sh NAME@HOST[:PORT] [OPTION...]     the options of sotto client
#
# The text never reaches the shell: jq compares it. Names have no characters special to a shell.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/lines" # Carries the answers back to the client.

sotto client "$@" --json <"$folder/lines" |
  jq --unbuffered -r 'select(.event == "message" and .text == "!disk") | .from' |
  while read -r from; do
    full=$(df -P / | awk 'NR == 2 { print $5 }')
    echo "@$from The disk of $(uname -n) is $full full."
  done >"$folder/lines"
