#!/bin/bash
# builds: switchyard
# Corpora of many seeds on 1, 2, 4 and 8 ranks, in shuffled order, whole and as A then --append B: the same dataset.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../corpus.sh"
mkdir -p "$state/work" && cd "$state/work" || exit 1
prepare=("$switchyard" prepare --dedup exact,url,near,lines,paragraphs,spans)

quiet() { "$@" >/dev/null 2>log || { cat log; return 1; }; }
kept() { "$switchyard" export "$1" --jsonl "$1.jsonl" >/dev/null 2>&1 && sha256sum <"$1.jsonl"; }

one_seed() {
  rm -rf ./*
  write_corpus "$1" 3000
  quiet "${prepare[@]}" --recipe recipe.toml --output whole || return 1
  local ranks
  for ranks in 2 4 8; do
    quiet mpi $ranks "${prepare[@]}" --recipe recipe.toml --output ranks || return 1
    diff -r whole ranks || return 1
    rm -rf ranks
  done
  mkdir shuffled
  for file in s?.jsonl; do shuf --random-source=<(yes "$1") "$file" >shuffled/"$file"; done
  cp recipe.toml shuffled
  quiet mpi 2 "${prepare[@]}" --recipe shuffled/recipe.toml --output other || return 1
  diff -r whole/tokens other/tokens || return 1
  [ "$(kept whole)" = "$(kept other)" ] || { echo "other documents are kept of shuffled ones"; return 1; }
  awk 'BEGIN { RS = "\\[\\[source\\]\\]"; ORS = "" } /generation = 0/ { print "[[source]]" $0 }' recipe.toml >first.toml
  awk 'BEGIN { RS = "\\[\\[source\\]\\]"; ORS = "" } /generation = 1/ { sub("generation = 1", "generation = 0"); print "[[source]]" $0 }' \
    recipe.toml >second.toml
  quiet "${prepare[@]}" --recipe first.toml --output appended || return 1
  quiet mpi 4 "${prepare[@]}" --recipe second.toml --append --output appended || return 1
  diff -r whole appended
}
for seed in $(seq 20); do step "seed-$seed" one_seed "$seed"; done
