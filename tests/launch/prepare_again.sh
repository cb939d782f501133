#!/bin/bash
# prepare_again.sh SWITCHYARD [ROUNDS]: `prepare` that is killed, resumed on other ranks, and finds its work damaged: the same
# dataset, byte for byte.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../long/corpus.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
rounds=${2:-12}

write_corpus 0 1500
options=(--recipe recipe.toml --dedup exact,url,near,lines,spans --tokenizer sentencepiece:400)

run() { "$switchyard" prepare "${options[@]}" --output "$1" >/dev/null 2>err; }
run_and_kill() {  # run_and_kill OUTPUT MILLISECONDS
  "$switchyard" prepare "${options[@]}" --output "$1" >/dev/null 2>err &
  sleep "$(awk -v ms="$2" 'BEGIN { print ms / 1000 }')"
  kill -9 $! 2>/dev/null
  wait $! 2>/dev/null
}
same() { diff -r whole "$1" >differences || { complain "$2"; head -5 differences; }; }

begin=$(date +%s%N)
run whole || { complain "prepare"; exit 1; }
took=$(( ($(date +%s%N) - begin) / 1000000 ))
grep -q '"spans"' whole/report.json || complain "the report says nothing of spans"
mpi 3 "$switchyard" prepare "${options[@]}" --output ranks >/dev/null 2>err || complain "prepare on 3 ranks"
same ranks "3 ranks give another dataset"

# What comes through a pipe is what a file holds, on any number of ranks and again.
cat s1.jsonl s2.jsonl >both.jsonl
"$switchyard" prepare both.jsonl --output file >summary 2>err || complain "prepare of one file"
for ranks in 1 2 1; do
  gzip -c both.jsonl | mpi $ranks "$switchyard" prepare - --output pipe >/dev/null 2>err || complain "prepare from a pipe"
  diff -r file/tokens pipe/tokens >differences && cmp file/report.json pipe/report.json || { complain "a pipe gives another dataset than its file"; head -5 differences; }
done
[ "$(wc -l <summary)" -le 12 ] && grep -q "^report .*file/report.html" summary || complain "the summary: $(cat summary)"
"$switchyard" prepare both.jsonl --output file --json >json 2>err && diff json file/report.json >differences || complain "prepare --json"
rm -rf file pipe both.jsonl

# Killed at random moments, some of them in the work that the kill before left.
seed=$(date +%s)
RANDOM=$seed
for round in $(seq "$rounds"); do
  run_and_kill killed $((RANDOM % took))
  if [ $((round % 4)) = 0 ]; then
    mpi $((1 + round % 3)) "$switchyard" prepare "${options[@]}" --output killed >/dev/null 2>err || complain "resuming"
    same killed "a dataset that was killed on the way is another one (seed $seed, round $round)"
    rm -rf killed
  fi
done

# Damaged work is found, named, and done again.
run_and_kill damaged $((took / 3))
for file in damaged/work/unit-*; do
  [ -e "$file" ] && flip "$file" $(($(stat -c %s "$file") / 2))
done
if ! run damaged; then
  grep -q "work file.*remove it and run the same command again" err || complain "the message on damaged work"
  rm -f damaged/work/unit-*
  run damaged || complain "prepare after the damaged work was removed"
fi
same damaged "damaged work changed the dataset"

# Other options on unfinished work, and on a finished dataset.
run_and_kill other $((took / 3))
if [ -e other/work/work.json ]; then
  "$switchyard" prepare --recipe recipe.toml --output other >/dev/null 2>err && complain "other options went on with unfinished work"
  grep -qE "unfinished work|prepared with" err || complain "the message on unfinished work"
fi
"$switchyard" prepare --recipe recipe.toml --output whole >/dev/null 2>err && complain "other options changed a finished dataset"
grep -q "dedup" err || complain "the message does not name the option that differs"
same ranks "a refused command changed something"
exit $failed
