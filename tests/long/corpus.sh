# documents SEED COUNT: JSON lines with whatever `prepare` looks for: random ones, ones like the line before with a word changed
# (chains on both sides of the threshold), copies, one-word ones, equal URLs, and a passage that many share.
documents() {
  awk -v seed="$1" -v count="$2" 'BEGIN {
    srand(seed)
    for (i = 0; i < 60; ++i) common = common " phrase" i
    for (n = 0; n < count; ++n) {
      kind = rand()
      if (n == 0 || kind < 0.55) { size = 5 + int(rand() * 300); for (i = 0; i < size; ++i) word[i] = "w" int(rand() * 9000) }
      else if (kind < 0.85) word[int(rand() * size)] = "changed" int(rand() * 9000)
      else if (kind < 0.88) { size = 1; word[0] = "lonely" int(rand() * 20) }
      text = ""
      for (i = 0; i < size; ++i) text = text " " word[i]
      if (rand() < 0.1) text = text "\\n" common " " n "\\n"
      url = rand() < 0.2 ? sprintf(", \"url\": \"http://h/%d\"", int(rand() * count / 4)) : ""
      printf "{\"id\": \"%d-%d\", \"text\": \"%s\"%s}\n", seed, n, text, url
    }
  }'
}

# write_corpus SEED COUNT: s1.jsonl to s4.jsonl in the current folder, and recipe.toml of two generations of two sources each.
write_corpus() {
  local i
  for i in 1 2 3 4; do
    documents $(($1 * 4 + i)) "$2" >s$i.jsonl
    printf '[[source]]\nname = "s%s"\ninputs = "%s"\ngeneration = %s\n' $i s$i.jsonl $((i > 2))
  done >recipe.toml
}
