# For the lab's scripts: source it with the folder of the built programs. It enters a fresh folder, removed at the end, and
# leaves `ranks PROGRAM ARGUMENTS...` (on 4 ranks) and `seed`.
build=$(realpath "${1:?usage: $0 BUILD-FOLDER}")
lab_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
shm=/dev/shm
[ -w $shm ] || shm=${TMPDIR:-/tmp}
work=$(mktemp -d "$shm/crash-lab-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 OMP_NUM_THREADS=1
failed=0
commit=$(git -C "$lab_root" rev-parse HEAD 2>/dev/null || echo 1)
seed=${SWITCHYARD_LAB_SEED:-$((16#${commit:0:8}))}
echo "seed $seed (SWITCHYARD_LAB_SEED=$seed repeats this sample)"

ranks() { timeout 300 mpirun --oversubscribe --bind-to none -n 4 "$@"; }
complain() {
  echo "FAILED: $*"
  failed=1
}
# trees COUNT [MUTANT]: records saves and loads what a power loss could leave of them.
trees() {
  rm -rf run recording
  ranks "$build/crash_lab_saver" record "$work/run" "$work/recording" 4 ${2:+"$2"} || return 1
  "$build/crash_lab_load_trees" "$work/recording" "$work/run" "$work/tree" "$seed" "$1"
}
# errors COUNT [MUTANT]: saves in which one call fails.
errors() {
  rm -rf faulty
  ranks "$build/crash_lab_saver" errors "$work/faulty" "$seed" "$1" ${2:+"$2"}
}
# mutant NAME CHECK...: the check must fail.
mutant() {
  local name=$1
  shift
  if "$@" "$name" >mutant.log 2>&1; then
    complain "the mutant $name was not caught"
    cat mutant.log
  elif ! grep -qE ' [1-9][0-9]* bad$' mutant.log; then
    complain "the mutant $name broke the lab itself"
    tail -5 mutant.log
  else
    echo "mutant $name: caught ($(grep ' bad$' mutant.log))"
  fi
}
mutants() {  # mutants TREES CASES
  for name in no_fsync_of_file no_fsync_of_manifest no_fsync_of_folder_before_commit no_fsync_of_folder_after_commit \
    no_fsync_of_parent no_fsync_of_run no_rename commit_before_vote; do
    mutant $name trees "$1"
  done
  for name in lost_write short_write; do mutant $name errors "$2"; done
}
