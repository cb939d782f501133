# For parts that train small models: source it after steps.sh. `prepare_both` makes the datasets bytes and pieces of 200 short notes,
# one with each tokenizer.
notes() {
  local i words=(red quiet seven lamp over river the a of under stone green early bird that window)
  RANDOM=7
  for i in $(seq 200); do
    echo "{\"text\": \"Note $i: $(for _ in $(seq 40); do printf '%s ' "${words[RANDOM % 16]}"; done)\"}"
  done
}
prepare_both() {
  notes >corpus.jsonl
  "$switchyard" prepare corpus.jsonl --output bytes --validation-fraction 0.1 >/dev/null &&
    "$switchyard" prepare corpus.jsonl --output pieces --validation-fraction 0.1 --tokenizer sentencepiece:300 >/dev/null
}
