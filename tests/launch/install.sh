#!/bin/bash
# install.sh SWITCHYARD: what `cmake --install` makes can be moved, and names nothing of where it was built.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

cmake --install "$(dirname "$switchyard")" --prefix "$work/first" >install.log 2>&1 || { cat install.log; exit 1; }
mv first moved
installed=$work/moved/bin/switchyard
[ "$("$installed" --version)" = "$("$switchyard" --version)" ] || complain "the installed program says another version"
! readelf -d "$installed" | grep -qE 'R(UN)?PATH' || complain "the installed program looks for libraries where it was built"
"$installed" config moved/share/switchyard/examples/tiny.toml >/dev/null || complain "an installed example"
for file in LICENSE README.md docs/train.md; do [ -s "moved/share/switchyard/$file" ] || complain "no $file"; done
for file in man/man1/switchyard.1 bash-completion/completions/switchyard zsh/site-functions/_switchyard; do
  [ -s "moved/share/$file" ] || complain "no $file"
done
[ ! -e "$(dirname "$switchyard")/switchyard_cuda" ] || [ -x moved/bin/switchyard_cuda ] || complain "switchyard_cuda was built and is not installed"

# The modulefile finds the prefix from its own place; Tcl says what it would set.
tcl='proc module-whatis args {}; proc conflict args {}; proc setenv {name value} {puts "$name=$value"}
proc prepend-path {name value} {puts "$name=$value"}; set ModulesCurrentModulefile [lindex $argv 0]; source [lindex $argv 0]'
if command -v tclsh >/dev/null; then
  tclsh <(echo "$tcl") moved/share/modulefiles/switchyard/* >module.out
  grep -qx "PATH=$work/moved/bin" module.out || complain "the modulefile sets $(cat module.out)"
fi
exit $failed
