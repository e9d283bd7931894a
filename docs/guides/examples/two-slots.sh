#!/bin/sh
# An example for pacman.type = "script": a machine with two slots, of which the bootloader boots the one that is named in
# the file "next" and notes in "running" which it was. Here they are folders; on a device they would be partitions.
set -eu

slots="${TMPDIR:-/var/lib}/slots"
mkdir -p "$slots/a" "$slots/b"
[ -e "$slots/running" ] || echo a > "$slots/running"
[ -e "$slots/next" ] || echo a > "$slots/next"
running=$(cat "$slots/running")
if [ "$running" = a ]; then other=b; else other=a; fi

fail() {
  echo "$1" >&2
  exit 1
}

# Whether the slot $1 holds the target.
holds() {
  [ "$(cat "$slots/$1/sha256" 2>/dev/null)" = "$TARGET_SHA256" ]
}

case "$1" in
check)
  # What runs. Nothing on standard output: ask the installation log.
  [ -e "$slots/$running/sha256" ] || exit 0
  printf '{"name": "%s", "sha256": "%s"}\n' "$(cat "$slots/$running/name")" "$(cat "$slots/$running/sha256")"
  ;;
install)
  # Into the slot that does not run; its hash last, so that a slot with a hash is a whole one.
  rm -f "$slots/$other/sha256"
  cp "$IMAGE_FILE" "$slots/$other/image" || fail "no room in slot $other"
  printf '%s' "$TARGET_NAME" > "$slots/$other/name"
  sync
  printf '%s' "$TARGET_SHA256" > "$slots/$other/sha256"
  echo "$other" > "$slots/next"
  sync
  exit 21
  ;;
finalize)
  holds "$running" || fail "slot $running came up, which does not hold $TARGET_NAME"
  ;;
rollback)
  # Asked again after a power cut: where the target does not run, there is nothing to go back from.
  holds "$running" || { echo "$running" > "$slots/next"; exit 0; }
  echo "$other" > "$slots/next"
  sync
  exit 21
  ;;
*)
  exit 64
  ;;
esac
