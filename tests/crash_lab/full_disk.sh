#!/bin/bash
# full_disk.sh BUILD-FOLDER SIZES: saves on a small file system that is filled up to SIZES sizes. Where this machine lets no
# process mount one of its own, it says so.
set -uo pipefail
if [ "${3:-}" != mounted ]; then
  if ! unshare --map-root-user --mount mount -t tmpfs none /mnt 2>/dev/null; then
    echo "full disk: not run, this machine does not let a process mount a file system of its own"
    exit 0
  fi
  exec unshare --map-root-user --mount "$0" "$1" "$2" mounted
fi
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh" "$1"
mkdir small
mount -t tmpfs -o size=2m none small || exit 1
trap 'umount "$work/small"; rm -rf "$work"' EXIT
ranks "$build/crash_lab_saver" full "$work/small/run" "$2" || failed=1
exit $failed
