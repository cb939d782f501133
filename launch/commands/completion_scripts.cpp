#include <fmt/format.h>
#include <fmt/ranges.h>

#include "launch/commands/command_table.h"

namespace switchyard {
namespace {

// The same walk in both shells: `at` becomes the command that the words before the cursor chose.
// words: how the shell says them.
std::string walk(const CommandRow& table, const char* words) {
  std::string commands;
  for (const CommandRow* command : all_commands(table)) {
    if (command == &table) continue;
    commands += fmt::format("{}\"{}\"", commands.empty() ? "" : "|", command->path);
  }
  return fmt::format(
      "  for word in {}; do\n"
      "    [[ $word == -- ]] && {{ after=1; break; }}\n"
      "    case \"$at $word\" in {}) at=\"$at $word\";; esac\n"
      "  done\n",
      words, commands);
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

std::string names_of_commands(const CommandRow& command) {
  std::string words;
  for (const CommandRow& each : command.commands) words += each.name + " ";
  return words;
}

// "'name:what it means'", as zsh's _describe reads it.
std::string described(const std::string& name, const std::string& doc) {
  return quoted(name + ":" + doc) + " ";
}

}  // namespace

std::string bash_completion(const CommandRow& table, const std::vector<std::string>& keys) {
  std::string cases;
  for (const CommandRow* command : all_commands(table)) {
    std::string options;
    for (const OptionRow& option : command->options)
      if (option.named()) options += option.name + " ";
    const CommandRow& named = command->name == "help" ? table : *command;  // help COMMAND
    cases += fmt::format("    \"{}\") commands=\"{}\" options=\"{}\";;\n", command->path,
                         names_of_commands(named), options);
  }
  return "# Completion for bash: source it, or install it as "
         "share/bash-completion/completions/switchyard.\n"
         "_switchyard() {\n"
         "  local at=switchyard word after=0 commands= options= now=${COMP_WORDS[COMP_CWORD]}\n" +
         walk(table, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"") + "  case $at in\n" + cases +
         "  esac\n"
         "  COMPREPLY=()\n"
         "  [[ $after == 1 ]] && return\n" +
         fmt::format(
             "  if [[ $word == --set ]]; then\n"
             "    compopt -o nospace 2>/dev/null\n"
             "    COMPREPLY=($(compgen -S = -W \"{}\" -- \"$now\"))\n"
             "    return\n"
             "  fi\n",
             fmt::join(keys, " ")) +
         "  [[ $now == -* ]] && commands=$options\n"
         "  COMPREPLY=($(compgen -W \"$commands\" -- \"$now\"))\n"
         "}\n"
         "complete -o default -F _switchyard switchyard switchyard_cuda\n";
}

std::string zsh_completion(const CommandRow& table, const std::vector<std::string>& keys) {
  std::string cases;
  for (const CommandRow* command : all_commands(table)) {
    const CommandRow& named = command->name == "help" ? table : *command;
    std::string commands, options;
    for (const CommandRow& each : named.commands) commands += described(each.name, each.doc);
    for (const OptionRow& option : command->options)
      if (option.named()) options += described(option.name, option.doc);
    cases += fmt::format("    (\"{}\") commands=({}) options=({});;\n", command->path, commands,
                         options);
  }
  return "#compdef switchyard switchyard_cuda\n"
         "# Completion for zsh: install it as share/zsh/site-functions/_switchyard, or source it.\n"
         "_switchyard() {\n"
         "  local at=switchyard word after=0\n"
         "  local -a commands options\n" +
         walk(table, "${words[2,CURRENT-1]}") + "  case $at in\n" + cases +
         "  esac\n"
         "  if (( after )); then _normal\n" +
         fmt::format("  elif [[ $word == --set ]]; then compadd -S = -- {}\n",
                     fmt::join(keys, " ")) +
         "  elif [[ $PREFIX == -* ]]; then _describe -o option options\n"
         "  elif (( $#commands )); then _describe command commands\n"
         "  else _files\n"
         "  fi\n"
         "}\n"
         "if [[ $funcstack[1] == _switchyard ]]; then _switchyard \"$@\"\n"
         "else compdef _switchyard switchyard switchyard_cuda\n"
         "fi\n";
}

}  // namespace switchyard
