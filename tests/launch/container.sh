#!/bin/bash
# container.sh SWITCHYARD: as in a container with its defaults, root with 64 MB of /dev/shm and cross-memory attach refused: doctor
# says so, and every exchange trains to the same weights.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
contained() {
  unshare --mount bash -c 'mount -t tmpfs -o size=64m none /dev/shm && exec "$@"' _ \
    python3 "$root/tests/launch/refuse_memory_attach.py" "$@"
}
sets=(--set data.dataset=data --set train.steps=4 --set train.warmup_steps=1 --set run.threads=1)

make_corpus corpus.jsonl 60
prepare corpus.jsonl --output data
mpi 2 "$switchyard" train "$root/examples/tiny.toml" "${sets[@]}" --set run.directory=outside >out 2>err || complain "outside"
expected=$("$switchyard" checkpoint hash outside | cut -d' ' -f1)
for exchange in flat shared_memory; do
  contained mpirun --oversubscribe --bind-to none -n 2 "$switchyard" train "$root/examples/tiny.toml" "${sets[@]}" \
    --set run.directory=$exchange --set router.exchange=$exchange >out 2>err || complain "$exchange inside"
  [ "$("$switchyard" checkpoint hash $exchange | cut -d' ' -f1)" = "$expected" ] || complain "$exchange inside: other weights"
done

contained "$switchyard" doctor --run . >out 2>err || complain "doctor: code $?"
grep -q 'warn *shared memory' out || complain "doctor does not warn of 64 MB"
grep -q 'warn *memory attach' out || complain "doctor does not see that attaching is refused"
grep -q 'ok *MPI launch' out || complain "doctor does not launch"
exit $failed
