#include <fmt/format.h>

#include <sstream>

#include "launch/commands/command_table.h"
#include "launch/host/version.h"

namespace switchyard {
namespace {

// A line of roff: a dot or a quote at its start would be a request.
std::string roff(const std::string& text) {
  std::string result = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
  }
  return result;
}

// As it is, in a fixed font.
std::string verbatim(const std::string& text) {
  std::string result = ".nf\n";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) result += roff(line) + "\n";
  return result + ".fi\n";
}

std::string option_lines(const CommandRow& command) {
  std::string text;
  for (const OptionRow& option : command.options) {
    text += fmt::format(".TP\n.B {}{}\n{}\n", roff(option.name),
                        option.value.empty() ? "" : " " + roff(option.value), roff(option.doc));
  }
  return text;
}

std::string command_section(const CommandRow& command) {
  std::string text = fmt::format(".SS {}\n{}.\n", roff(command.path), roff(command.doc));
  text += option_lines(command);
  return command.footer.empty() ? text : text + ".PP\n" + verbatim(command.footer);
}

}  // namespace

std::string man_page(const CommandRow& table) {
  std::string text = fmt::format(
      ".TH SWITCHYARD 1 \"\" \"switchyard {}\" \"User Commands\"\n"
      ".SH NAME\nswitchyard \\- trains mixture\\-of\\-experts language models on MPI ranks\n"
      ".SH SYNOPSIS\n.B switchyard\n.I COMMAND\n[\\fIOPTIONS\\fR]\n"
      ".SH DESCRIPTION\n{}\n.PP\n{}.SH OPTIONS\n{}.SH COMMANDS\n",
      version_number(), roff(table.doc), verbatim(table.footer), option_lines(table));
  for (const CommandRow* command : all_commands(table)) {
    if (command != &table) text += command_section(*command);
  }
  return text +
         ".SH FILES\n.TP\n.I ~/.config/switchyard/site.toml\n"
         "Settings of a site, which every config overrides; $SWITCHYARD_SITE names another file.\n";
}

}  // namespace switchyard
