# For test scripts that run the program as a user does: source it with the path of the binary. It enters a fresh folder, removed
# at the end, and leaves $switchyard, $root (the source tree), `mpi RANKS COMMAND...` and a corpus.
switchyard=$(realpath "${1:?usage: $0 SWITCHYARD}")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
failed=0

mpi() { mpirun --oversubscribe --bind-to none -n "$@"; }

# make_corpus FILE DOCUMENTS
make_corpus() {
  for i in $(seq "$2"); do
    echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube $((i * i * i)); $((i % 7)) is what 7 leaves of it.\"}"
  done >"$1"
}

# flip FILE OFFSET: another byte there, whatever it was.
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf "\\x$(printf %02x $((byte ^ 0x55)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# prepare OPTIONS...: must work
prepare() {
  "$switchyard" prepare "$@" >/dev/null 2>prepare.log || { cat prepare.log; echo "FAILED: prepare $*"; exit 1; }
}

# complain WHAT...: with the end of what the program said last, in the files *err. The script goes on, and ends with `exit $failed`.
complain() {
  echo "FAILED: $*"
  tail -q -n 8 -- *err 2>/dev/null | sed 's/^/  | /'
  failed=1
}

# wait_for COMMAND...: until it succeeds, 60 s at most
wait_for() {
  for _ in $(seq 3000); do
    "$@" && return
    sleep 0.02
  done
  complain "not within 60 s: $*"
  return 1
}
