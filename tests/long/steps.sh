# For tests/long/parts: source it with the part's folder of state. It leaves $state, $root (the source tree), $switchyard, and
#   step NAME COMMAND...: runs the command, unless that step was done before the part was interrupted; the part ends if it fails
#   mpi RANKS COMMAND...
set -uo pipefail
state=$(realpath "${1:?usage: $0 STATE-FOLDER}") || exit 2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
switchyard=$root/build/release/switchyard
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1

step() {
  local name=$1
  shift
  [ ! -e "$state/$name.done" ] || return 0
  echo "== $name"
  "$@" || { echo "FAILED: $name"; exit 1; }
  touch "$state/$name.done"
}

mpi() { mpirun --oversubscribe --bind-to none -n "$@"; }
