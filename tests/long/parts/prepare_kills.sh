#!/bin/bash
# builds: switchyard
# Fifty times `prepare` with every stage is killed at a random moment and goes on, on another number of ranks: the same dataset,
# byte for byte.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../corpus.sh"
mkdir -p "$state/work" && cd "$state/work" || exit 1
prepare=("$switchyard" prepare --recipe recipe.toml --dedup exact,url,near,lines,paragraphs,spans --tokenizer sentencepiece:400)

whole() {
  write_corpus 1 12000
  rm -rf whole
  local begin
  begin=$(date +%s%N)
  "${prepare[@]}" --output whole || return 1
  echo $((($(date +%s%N) - begin) / 1000000)) >milliseconds
}
step whole whole

took=$(cat milliseconds)
seed=$(cat seed 2>/dev/null || date +%s | tee seed)
kill_one() {  # kill_one NUMBER: four kills in a row meet the same unfinished work
  RANDOM=$((seed + $1))
  local ranks=$((1 + RANDOM % 3)) moment=$(((RANDOM * 32768 + RANDOM) % took))
  echo "kill $1 at $moment ms on $ranks ranks (seed $seed)"
  mpi $ranks "${prepare[@]}" --output killed >/dev/null 2>killed.log &
  sleep "$(awk -v ms=$moment 'BEGIN { print ms / 1000 }')"
  kill -9 $(pgrep -P $(pgrep -P $! -x mpirun || echo $!)) 2>/dev/null
  wait $!
  [ $(($1 % 4)) = 0 ] || return 0
  mpi $((1 + $1 / 4 % 4)) "${prepare[@]}" --output killed >/dev/null 2>killed.log || { cat killed.log; return 1; }
  diff -r whole killed && rm -rf killed
}
for number in $(seq 52); do step "kill-$number" kill_one "$number"; done
