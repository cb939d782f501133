#!/bin/bash
# machines.sh SWITCHYARD: what programs read: --help-json has what --help shows, config --json every key, and llms-full.txt every page.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

"$switchyard" --help-json >help.json 2>err || complain "--help-json"
"$switchyard" config --json >config.json 2>err || complain "config --json"
"$switchyard" config >config.toml 2>err
"$root/docs/make-llms-full" >llms-full.txt 2>err || complain "make-llms-full"
for page in $(cd "$root" && ls docs/*.md README.md CONTRIBUTING.md); do
  [ "$page" = docs/cuda_resources.md ] && continue
  grep -qF "[$page]($page)" "$root/llms.txt" || complain "llms.txt does not name $page"
  grep -qxF "========== $page" llms-full.txt || complain "llms-full.txt lacks $page"
done
/usr/bin/python3 - "$switchyard" <<'PYTHON' || complain "help.json or config.json"
import json, re, subprocess, sys, tomllib

bad = []


def check(command):
    if command["path"] != "switchyard":
        shown = subprocess.run([sys.argv[1], "help"] + command["path"].split()[1:], capture_output=True, text=True).stdout
        options = {name for option in command["options"] for name in option["names"] if name.startswith("-")}
        in_help = {name for names in re.findall(r"^ {2,6}(-[\w,-]+)", shown, re.M) for name in names.split(",") if name}
        if options != in_help:
            bad.append(f"{command['path']}: {options ^ in_help}")
    for option in command["options"]:
        if not option["doc"]:
            bad.append(f"{command['path']} {option['name']} has no text")
    if not command["doc"]:
        bad.append(f"{command['path']} has no text")
    for each in command["commands"]:
        check(each)


program = json.load(open("help.json"))
check(program)
keys = json.load(open("config.json"))["keys"]
toml = tomllib.load(open("config.toml", "rb"))
for key in keys:
    value = toml
    for part in key["name"].split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value != key["value"] or key["value"] != key["default"] or not key["doc"]:
        bad.append(f"{key['name']}: {value} {key}")
if len(keys) < 50 or len(program["commands"]) < 20:
    bad.append("too few keys or commands")
print("\n".join(bad))
sys.exit(bool(bad))
PYTHON
exit $failed
