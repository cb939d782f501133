#!/bin/bash
# registry.sh BUILD-FOLDER [TREES]: what a power loss can leave of a registry while versions are published, promoted and rolled
# back; and wrong protocols, each of which must be found.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh" "$1"
count=${2:-3000}

registry() {  # registry TREES [MUTANT]
  rm -rf registry recording
  "$build/crash_lab_publisher" record "$work/registry" "$lab_root/tests/golden/checkpoint-2" "$work/recording" ${2:+"$2"} || return 1
  "$build/crash_lab_publisher" load "$work/recording" "$work/registry" "$work/tree" "$seed" "$1"
}
registry "$count" || complain "a power loss"
for name in no_fsync_of_file no_fsync_of_manifest no_fsync_of_pointer no_fsync_of_registry no_rename_of_pointer; do
  mutant $name registry $((count / 2))
done

# A promotion that is killed at any of its operations leaves the old version or the new one, and can be done again.
rm -rf registry recording
"$build/crash_lab_publisher" record "$work/registry" "$lab_root/tests/golden/checkpoint-2" "$work/recording"
at=0 seen=
while [ $((at += 1)) -le 40 ]; do
  for action in kill_before kill_after eio; do
    rm -rf again && cp -a registry again && mkdir -p "$work/again/registry" && mv again/name again/registry/
    SWITCHYARD_FAULT=0:$at:$action "$build/crash_lab_publisher" promote "$work/again/registry/name" 3 >/dev/null 2>&1
    code=$?
    [ $code != 0 ] || break 2
    now=$("$build/crash_lab_publisher" current "$work/again/registry/name")
    [ "$now" = 2 ] || [ "$now" = 3 ] || complain "operation $at, $action: '$now' is current"
    seen+=$now
    "$build/crash_lab_publisher" promote "$work/again/registry/name" 3 || complain "operation $at, $action: cannot be promoted again"
    [ "$("$build/crash_lab_publisher" current "$work/again/registry/name")" = 3 ] || complain "operation $at, $action: not promoted again"
  done
done
[[ $seen = *2*3* ]] && [ $at -gt 4 ] || complain "the kills did not reach the promotion: '$seen'"
echo "promotions killed or failed at $((at - 1)) operations: $seen"
exit $failed
