#!/bin/bash
# builds: switchyard
# Two models and a base of 64 billion bf16 parameters each, whose files are holes, merged with --check: read, hashed, computed and not
# written, in bounded memory. $SWITCHYARD_BILLIONS of them instead, for a shorter run. And a merge that is killed goes on.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$root/tests/long/notes.sh"
cd "$state" || exit 1
billions=${SWITCHYARD_BILLIONS:-64}

template() {
  rm -rf run template data && prepare_both &&
    "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=bytes --set run.directory=run --set train.steps=2 --set train.warmup_steps=0 &&
    printf 'method = "average"\n[[input]]\npath = "run"\n' >copy.toml && "$switchyard" model make copy.toml --output template
}
step template template

holes() {
  rm -rf base one two && for name in base one two; do python3 "$root/tests/long/sparse_model.py" template $name "$billions" || return 1; done
}
step holes holes

# recipe METHOD KEYS
recipe() { printf 'method = "%s"\nbase = "base"\n%b\n[[input]]\npath = "one"\n[[input]]\npath = "two"\n' "$1" "$2"; }
check() {
  recipe task_arithmetic "" >merge.toml
  "$switchyard" model make merge.toml --dry-run | tee plan
  local begin=$SECONDS
  rm -f resident.*
  mpi 2 bash -c '/usr/bin/time -o resident.$$ -f "%M KiB resident" "$0" model make merge.toml --check' "$switchyard" || return 1
  cat resident.*
  echo "merging two models and a base of $billions billion parameters took $((SECONDS - begin)) s on 2 ranks"
  awk '/KiB resident/ && $1 > 300 * 1024 { exit 1 }' resident.*
}
step check check

# kill -9 while files are finished one after the other: what is there again is no model, and the same command ends with the same hash.
killed() {
  rm -rf base one two small
  for name in base one two; do python3 "$root/tests/long/sparse_model.py" template $name 1 || return 1; done
  recipe task_arithmetic "" >merge.toml
  local expected
  expected=$("$switchyard" model make merge.toml --check | tail -n 1)
  "$switchyard" model make merge.toml --output small &
  local maker=$!
  while kill -0 $maker 2>/dev/null && [ "$(ls small 2>/dev/null | grep -c 'done$')" = 0 ]; do sleep 0.05; done
  kill -9 $maker
  wait $maker
  [ ! -e small/manifest.json ] || return 1
  mpi 3 "$switchyard" model make merge.toml --output small >again || return 1
  cat again
  grep -q 'had finished' again && [ "$(tail -n 1 again)" = "$expected" ] && "$switchyard" checkpoint verify small && rm -rf small
}
step killed killed
