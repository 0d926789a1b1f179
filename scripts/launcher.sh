#!/bin/sh
# Sotto @VERSION@ for @UNAME@, in one file.
#
# An archive of the program and its runtime follows this script. The first start unpacks it into a
# folder that only you can open, and every start runs it from there. It needs a POSIX shell with tail,
# gzip and tar. You can delete the folder whenever Sotto is not running.
set -efu
mask=$(umask)
umask 077

hash=@HASH@

fail() {
  printf 'sotto: %s\n' "$1" >&2
  exit 1
}

# Whether a folder is ours, and closed to others. A symbolic link is not.
is_private() {
  set -- $(ls -ldn "$1" 2>/dev/null)
  case ${1-} in
    drwx------ | drwx------[.@]) [ "${3-}" = "$uid" ] ;;
    *) return 1 ;;
  esac
}

# Tries to keep the program in $1; sets `base`.
use_base() {
  base=$1
  case $base in /*) ;; *) return 1 ;; esac
  mkdir -p "$base" 2>/dev/null || return 1
  is_private "$base" && [ -w "$base" ]
}

find_base() {
  if [ -n "${XDG_CACHE_HOME-}" ] && use_base "$XDG_CACHE_HOME/sotto"; then return; fi
  if [ -d "${HOME-}" ] && use_base "$HOME/.cache/sotto"; then return; fi
  if use_base "${TMPDIR:-/tmp}/sotto-$uid"; then return; fi
  fail 'found no folder to unpack into: set XDG_CACHE_HOME to a folder that only you can write to'
}

unpack() {
  [ "$(uname -s) $(uname -m)" = '@UNAME@' ] ||
    fail "this executable is for @UNAME@, and this machine is $(uname -s) $(uname -m)"
  self=$0
  [ -f "$self" ] || self=$(command -v -- "$0") || fail "found no file $0 to unpack"
  new=$base/new.$$
  rm -rf "$new"
  mkdir "$new"
  trap 'rm -rf "$new"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' HUP TERM
  # The exit code of a pipeline is that of its last command, so a failure of gzip makes a file.
  if ! { tail -c +@OFFSET@ "$self" | gzip -dc || : >"$new/failed"; } | (cd "$new" && tar -xf -) ||
    [ -e "$new/failed" ]; then
    fail "could not unpack into $base: 150 MB are not free, or $self is damaged"
  fi
  # Two starts may unpack at once. A rename is atomic, so the first one wins. `mv` then puts the
  # second folder into the first, where it does no harm until it is removed.
  mv "$new" "$base/$hash" 2>/dev/null || [ -d "$base/$hash" ] || fail "could not write to $base"
  rm -rf "$new" "$base/$hash/new.$$"
  trap - EXIT INT HUP TERM
}

uid=$(id -u)
find_base
program=$base/$hash
[ -d "$program" ] || unpack
is_private "$program" || fail "$program is open to others: delete it, and start again"

umask "$mask"
DENO_DIR=$program/cache DENO_NO_UPDATE_CHECK=1 exec "$program/deno" run --quiet \
  --config "$program/app/deno.json" --cached-only \
  @FLAGS@ \
  "$program/app/main.ts" "$@"
