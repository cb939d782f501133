#!/bin/bash
# manners.sh SWITCHYARD: help, version, completion, the man page, what a mistyped command line is answered, and what submit and
# launch say before they start anything.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
make_corpus corpus.jsonl 60
prepare corpus.jsonl --output data
tiny=("$root/examples/tiny.toml" --set data.dataset=data --set run.directory=run)

says() {  # says CODE TEXT COMMAND...: the exit code, and the text in one message
  local code=$1 text=$2 got
  shift 2
  timeout 60 "$@" >out 2>err
  got=$?
  [ $got = "$code" ] && grep -qF -- "$text" err || complain "$* (code $got, expected $code and: $text)"
}

# A mistyped command line
says 2 "there is no command trian; did you mean train? (see switchyard --help)" "$switchyard" trian
says 2 "there is no command checkpoint lst; did you mean list?" "$switchyard" checkpoint lst
says 2 "switchyard has no option --verison; did you mean --version?" "$switchyard" --verison
says 2 "checkpoint needs a command: list," "$switchyard" checkpoint
says 2 "write the config before --" "$switchyard" launch -- mpirun -n 2
says 2 "there is no command frobnicate (see" "$switchyard" frobnicate
says 2 "plan has no option --rnaks; did you mean --ranks?" "$switchyard" plan my.toml --rnaks 4
says 2 "write -- before the launcher, as in switchyard launch my.toml -- mpirun -n 2" "$switchyard" launch my.toml mpirun -n 2
says 2 "there is no command checkpoint lits; did you mean list?" "$switchyard" help checkpoint lits

# help and version say what --help and --version say
[ "$("$switchyard" help checkpoint list)" = "$("$switchyard" checkpoint list --help)" ] || complain "help checkpoint list"
[ "$("$switchyard" help)" = "$("$switchyard" --help)" ] || complain "help"
[ "$("$switchyard" version)" = "$("$switchyard" --version)" ] || complain "version"
for line in '^commit: ' '^build: ' '^CUDA: \(yes\|no\)$'; do
  "$switchyard" version | grep -q "$line" || complain "no $line in the version"
done

# Completion and the man page know every command and option.
"$switchyard" completion bash >completion.bash
complete_with() {  # complete_with WORD...: what bash offers for the last word
  bash -c 'source completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _switchyard; echo "${COMPREPLY[@]}"' _ "$@"
}
[ "$(complete_with switchyard tra)" = train ] || complain "completion of a command: $(complete_with switchyard tra)"
[ "$(complete_with switchyard checkpoint pru)" = prune ] || complain "completion of a command below another"
[ "$(complete_with switchyard train my.toml --prof)" = --profile ] || complain "completion of an option"
[ "$(complete_with switchyard train my.toml --set train.warm)" = train.warmup_steps= ] || complain "completion of a key"
[ "$(complete_with switchyard help tra)" = train ] || complain "completion of help"
[ -z "$(complete_with switchyard launch my.toml -- --)" ] || complain "options of the launcher are not ours"
"$switchyard" help --man >switchyard.1
for name in $("$switchyard" help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
  grep -q "^.SS switchyard $name" switchyard.1 || complain "the man page lacks $name"
done
if command -v groff >/dev/null; then
  [ -z "$(groff -man -Tutf8 -ww switchyard.1 2>&1 >/dev/null)" ] || complain "groff has complaints about the man page"
fi
if command -v zsh >/dev/null; then
  "$switchyard" completion zsh >_switchyard && zsh -n _switchyard || complain "zsh cannot read its completion"
fi

# submit: the device, the ranks and the time limit are said; the script and the config are printed.
submit=("$switchyard" submit "${tiny[@]}" --nodes 2 --dry-run)
says 0 "device cpu, 2 ranks on 2 nodes, 1 core for each rank" "${submit[@]}" --time 90
grep -q 'time limit: 1h30m (Slurm reads a number without a unit as minutes)' err || complain "submit --time 90"
grep -q '^#SBATCH --time=90$' out && grep -q "^device = 'cpu'" out || complain "submit --dry-run prints script and config"
"${submit[@]}" --set run.threads=4 >out 2>err
grep -q 'run.threads = 4, but a rank has 1 core' err || complain "threads without cores"
says 2 "--time 12h is not a form that Slurm accepts" "${submit[@]}" --time 12h
says 2 "add --gpus-per-node N" "${submit[@]}" --set run.device=cuda
says 2 "leaves 7 of the 8 GPUs of each node idle" "${submit[@]}" --gpus-per-node 8 --ranks-per-node 1
case $("$switchyard" version) in
  *"CUDA: no"*) says 2 "was built without CUDA" "${submit[@]}" --gpus-per-node 2 ;;
  *) says 0 "device cuda, 4 ranks on 4 GPUs" "${submit[@]}" --gpus-per-node 2 ;;
esac
"${submit[@]}" --json 2>err | python3 -c 'import json, sys; plan = json.load(sys.stdin); assert plan["ranks"] == 2 and "#SBATCH" in plan["script"]' ||
  complain "submit --json"
[ ! -e run ] || complain "a dry run left something"

# launch says that a single rank runs, and takes the --resume that train asks for.
says 0 "no launcher was given, so a single rank runs" "$switchyard" launch "${tiny[@]}" --set train.steps=2 --set train.warmup_steps=1 --resume
for command in "status run" "doctor --no-mpi"; do
  "$switchyard" $command --json 2>err | python3 -c 'import json, sys; json.load(sys.stdin)' || complain "$command --json"
done
exit $failed
