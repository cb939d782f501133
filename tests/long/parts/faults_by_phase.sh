#!/bin/bash
# builds: switchyard
# Promises F1 and F2: each of four ranks is killed, and stopped, in each phase of a run under `switchyard launch`. A dead rank ends the
# others within 2 s, a stopped one within the peer timeout and 2 s, with its place and its process in the report; 10 s later the run
# trains again. Nothing is left behind, and the weights at the end are those of a run left alone.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
rm -rf "$state/work" && mkdir -p "$state/work" && cd "$state/work" || exit 1
for i in $(seq 80); do echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube $((i * i * i)).\"}"; done >corpus.jsonl
"$switchyard" prepare corpus.jsonl --output data >/dev/null 2>prepare.log || { cat prepare.log; exit 1; }
peer_timeout=3
slack=${SWITCHYARD_SLACK:-1}  # times as long is still in time, on a machine that is busy with other work
settings=(--set data.dataset=data --set train.steps=100000 --set train.checkpoint_every=10 --set checkpoint.async=false
  --set run.threads=1 --set watchdog.peer_timeout=$peer_timeout)

complain() {
  echo "FAILED: $*"
  exit 1
}
ranks() { pgrep -f "^$switchyard train .*run.directory=$PWD/run " | sort -n; }
# A process that ended and whose new parent has not asked for its exit code yet (Z) is over.
none_of() { for pid in "$@"; do ! grep -qs '^State:.[^ZX]' "/proc/$pid/status" || return 1; done; }
attempt() { grep -o '"attempt":[0-9]*' run/metrics.jsonl 2>/dev/null | tail -1 | cut -d: -f2; }
trains_after() { [ "$(attempt)" -gt "$1" ] 2>/dev/null; }
newest() { find run/checkpoints -name 'step-*' -printf '%f\n' 2>/dev/null | sort | tail -1; }
saved_after() { [[ "$(newest)" > "$1" ]]; }
milliseconds() { date +%s%3N; }
wait_for() {  # wait_for SECONDS COMMAND...
  local end=$(($(milliseconds) + slack * 1000 * $1))
  shift
  until "$@"; do
    [ "$(milliseconds)" -lt $end ] || return 1
    sleep 0.01
  done
}

# The process of a rank, and what its flight record says, read as the ranks of its node read it (runtime/flight_record.h).
process_of() {
  for pid in $(ranks); do
    tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$1" && echo "$pid" && return
  done
  return 1
}
is_there() { victim=$(process_of "$1"); }
field() {  # field OFFSET: of $victim's
  local file
  file=$(find "/proc/$victim/fd" -lname '*switchyard-flight-record*' 2>/dev/null | head -1)
  od -An -td4 -j"$1" -N4 "$file" 2>/dev/null | tr -d ' '
}
in_phase() { [ "$(field 4)" = "$1" ]; }
in_collective() { in_phase 1 && [ "$(field 24)" = "$1" ]; }
is_in() {  # is_in PLACE
  case $1 in
    starting) in_phase 0 ;;  # before MPI_Init returns
    loading) in_phase 0 && [ "$(field 16)" -ge 20 ] ;;  # collectives: the watchdog is at work
    computing) in_collective 0 ;;
    reducing_gradients) in_collective 4 ;;
    gathering_weights) in_collective 5 ;;
    exchanging_rows) in_collective 6 ;;
    saving) in_phase 3 ;;
  esac
}

# hit SIGNAL RANK PLACE: once. What comes before training only comes after another failure. A start waits a second for each
# failure since the last checkpoint, so there is a new one first.
hit() {
  local signal=$1 rank=$2 place=$3 before old began ended limit=2000
  wait_for 60 saved_after "$saved" || complain "no checkpoint after $saved"
  saved=$(newest)
  before=$(attempt)
  [ "$signal" = KILL ] || limit=$((1000 * (peer_timeout + 2)))
  case $place in starting | loading)
    old=$(ranks)
    kill -9 $old
    wait_for 20 none_of $old || complain "killed ranks live on"
    ;;
  esac
  wait_for 60 is_there "$rank" || complain "no rank $rank"
  wait_for 60 is_in "$place" || complain "rank $rank is never $place"
  old=$(ranks)
  kill -"$signal" "$victim" || complain "rank $rank is gone"
  began=$(milliseconds)
  wait_for 60 none_of $old || complain "$signal of rank $rank while $place: ranks live on"
  ended=$(milliseconds)
  wait_for 120 trains_after "$before" || complain "$signal of rank $rank while $place: it does not train again"
  echo "$signal of rank $rank while $place: all ended after $((ended - began)) ms, training $(($(milliseconds) - ended)) ms later"
  [ $((ended - began)) -le $((slack * limit)) ] || complain "ended too late"
  [ $(($(milliseconds) - ended)) -le $((slack * 10000)) ] || complain "trains too late"
  [ "$signal" = KILL ] || grep -B1 "its process $victim: stopped (T)" run/logs/incidents.log | grep -q "rank $rank, as rank . of its node" ||
    complain "the report does not say where rank $rank is"
}

shared_before=$(ls /dev/shm)
"$switchyard" launch "$root/examples/tiny.toml" --failures 1000 --set run.directory="$PWD/run" "${settings[@]}" -- \
  mpirun --oversubscribe --bind-to none -n 4 >out 2>err &
supervisor=$!
trap 'kill -INT $supervisor 2>/dev/null; kill -INT $supervisor 2>/dev/null' EXIT
wait_for 60 trains_after 0 || complain "the run does not start"
saved=""
for rank in 0 1 2 3; do
  for place in starting loading computing exchanging_rows reducing_gradients gathering_weights saving; do
    hit KILL $rank $place
    [ $place = starting ] || hit STOP $rank $place  # before the ranks have met nothing watches them
  done
done
kill -INT $supervisor
wait $supervisor
trap - EXIT

[ -z "$(ranks)" ] || complain "processes: $(ranks)"
[ "$(ls /dev/shm)" = "$shared_before" ] || complain "left in /dev/shm: $(ls /dev/shm)"
ss -Htlnp | grep switchyard && complain "a port is still open"
step=$(grep -oP '"step": \K[0-9]+' run/state.json)
mpi 2 "$switchyard" train "$root/examples/tiny.toml" --set run.directory="$PWD/whole" "${settings[@]}" --stop-before "$step" >/dev/null 2>whole.err
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d' ' -f1; }
[ "$(hash_of run)" = "$(hash_of whole)" ] || complain "other weights at step $step"
echo "the same weights after $step steps and $(ls run/attempts/*.json | wc -l) starts"
