#!/bin/bash
# bad_input.sh SWITCHYARD: what cannot work ends within seconds on every rank, with one message and the right exit code.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

# expect CODE TEXT COMMAND...: the exit code, TEXT in one message of switchyard, and no second message.
expect() {
  local code=$1 text=$2
  shift 2
  timeout 30 "$@" >out 2>err
  local got=$? messages
  messages=$(grep -c '^switchyard: ' err)
  if [ $got != "$code" ] || [ "$messages" != 1 ] || ! grep -qF -- "$text" err; then
    printf 'FAILED: %s\n  exit code %s (expected %s), %s messages (expected 1), looking for: %s\n' "$*" $got "$code" \
      "$messages" "$text"
    sed 's/^/  | /' err | head -20
    failed=1
  fi
}
on() { echo mpirun --oversubscribe --bind-to none -n "$1"; }
train() { echo train "$root/examples/tiny.toml" --set run.directory=run --set data.dataset="${1:-data}"; }

make_corpus corpus.jsonl 60
prepare corpus.jsonl --output data --validation-fraction 0.2

# The command line
expect 2 "--help" "$switchyard"
expect 2 "no command trian" "$switchyard" trian
expect 2 "CONFIG" "$switchyard" train
expect 2 "--prompt" "$switchyard" sample run

mkdir empty
echo '{"text": ' >broken.jsonl
printf '[[source]]\nname = "a"\ninputs = "corpus.jsonl"\nweight = 2\n' >weighted.toml
# What prepare refuses leaves no folder behind, and a tokenizer that is none is named.
expect 2 "there is no" "$switchyard" prepare nowhere.jsonl --output fresh/data
expect 2 "prepare it without --append" "$switchyard" prepare corpus.jsonl --append --output fresh/data
expect 2 "nowhere.jsonl" $(on 2) "$switchyard" prepare corpus.jsonl --decontaminate nowhere.jsonl --output fresh/data
expect 3 "the tokenizer corpus.jsonl: not a SentencePiece model" "$switchyard" prepare corpus.jsonl --tokenizer corpus.jsonl --output fresh/data
echo '{"model": {"type": "Unigram", "vocab": []}}' >unigram.json
expect 3 "model: it is a Unigram; Switchyard knows BPE" $(on 2) "$switchyard" prepare corpus.jsonl --tokenizer unigram.json --boundary '<s>' --output fresh/data
expect 2 "are for a tokenizer.json" "$switchyard" prepare corpus.jsonl --boundary '<s>' --output fresh/data
expect 2 "'empty' has no .txt" "$switchyard" prepare empty --output fresh/data
expect 2 "data.weights.NAME" "$switchyard" prepare --recipe weighted.toml --output fresh/data
expect 3 "nothing came through /dev/null" $(on 2) "$switchyard" prepare /dev/null --output fresh/data
expect 3 "1 line left out for not being JSON (broken_json): broken.jsonl" "$switchyard" prepare broken.jsonl --output fresh/data
[ ! -e fresh ] || { echo "FAILED: prepare refused and left a folder: $(find fresh)"; failed=1; }

# The config, on one rank and on two
expect 2 "did you mean train.steps?" $(on 1) "$switchyard" $(train) --set train.step=3
expect 2 "did you mean train.steps?" $(on 2) "$switchyard" $(train) --set train.step=3
expect 2 "it must be an integer" $(on 2) "$switchyard" $(train) --set train.steps=soon
expect 2 "it must be a number from 0" $(on 2) "$switchyard" $(train) --set train.beta1=2
expect 2 "does not divide" $(on 2) "$switchyard" $(train) --set train.micro_batch_size=5
expect 2 "no config file" $(on 2) "$switchyard" train nowhere.toml
printf '[train]\nsteps = 3\nsteps = 4\n' >twice.toml
expect 2 "twice.toml, line 3" $(on 2) "$switchyard" train twice.toml
printf '[train]\nsteps = 3\n\nlearning_rat = 1.0\n' >typo.toml
expect 2 "typo.toml, line 4: unknown key train.learning_rat; did you mean train.learning_rate?" "$switchyard" config typo.toml
expect 2 "cuda" $(on 2) "$switchyard" $(train) --set run.device=cuda

# The layout
expect 2 "parallel.experts = 2 does not divide 3 ranks" $(on 3) "$switchyard" $(train) --set parallel.experts=2
expect 2 "micro-batches" $(on 4) "$switchyard" $(train) --set train.global_batch_size=4

# Memory: what plan knows is refused before the kernel kills a rank.
expect 2 "2 ranks of this run need" $(on 2) "$switchyard" $(train) --set model.num_experts=4096 --set model.expert_hidden=65536
expect 2 "run.check_memory = false starts the run nevertheless" \
  "$switchyard" $(train) --set model.num_experts=4096 --set model.expert_hidden=65536

# srun that starts ranks which do not find each other: none of them has PMIx, or MPI took another one for its own
expect 2 "srun --mpi=pmix" env SLURM_STEP_NUM_TASKS=2 "$switchyard" $(train)
expect 2 "srun started 2 tasks, but MPI sees 1: start them with srun --mpi=pmix" \
  env SLURM_STEP_NUM_TASKS=2 PMI_RANK=0 "$switchyard" $(train)

# The dataset
expect 2 "data.dataset is not set" $(on 2) "$switchyard" train "$root/examples/tiny.toml" --set run.directory=run
expect 3 "nowhere" $(on 2) "$switchyard" $(train nowhere)
cp -r data torn
shard=$(basename "$(ls torn/tokens/*.h5 | head -n 1)")
truncate -s -100 "torn/tokens/$shard"
expect 3 "$shard" $(on 2) "$switchyard" $(train torn)
cp -r data changed
flip changed/tokens/manifest.json 40
expect 3 "changed" $(on 2) "$switchyard" $(train changed)
mkdir older && printf '{"kind": "dataset"}' >older/manifest.json
expect 3 "run \`switchyard prepare\` again" $(on 2) "$switchyard" $(train older)
expect 2 "the sources of the dataset are" $(on 2) "$switchyard" $(train) --set data.weights.nobody=1
expect 2 "data.weights.nobody = -1 is not allowed" $(on 2) "$switchyard" $(train) --set data.weights.nobody=-1

# Nothing of the above may have started a run, and what needs one says so
[ ! -e run ] || { echo "FAILED: a start that could not work left a run directory"; failed=1; }
expect 3 "neither a checkpoint or model nor a run directory" $(on 2) "$switchyard" evaluate data
expect 3 "neither a checkpoint or model nor a run directory" "$switchyard" inspect nowhere
expect 3 "nowhere" "$switchyard" checkpoint list nowhere

exit $failed
