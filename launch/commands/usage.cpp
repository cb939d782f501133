#include "launch/commands/usage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/files/nearest_name.h"

namespace switchyard {
namespace {

bool always(const CLI::App*) { return true; }

// Returns the name that was probably meant, or nothing if none is near.
std::string meant(const std::vector<std::string>& names, const std::string& word) {
  if (names.empty() || word.empty()) return "";
  const auto longer = std::find_if(names.begin(), names.end(),
                                   [&](const std::string& name) { return name.starts_with(word); });
  if (longer != names.end()) return *longer;
  const std::string& nearest = nearest_name(names, word);
  return edit_distance(nearest, word) <= 1 + word.size() / 3 ? nearest : "";
}

std::string did_you_mean(const std::vector<std::string>& names, const std::string& word) {
  const std::string name = meant(names, word);
  return name.empty() ? "" : fmt::format("; did you mean {}?", name);
}

const CLI::App& chosen_command(const CLI::App& program) {
  const CLI::App* app = &program;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

// "switchyard checkpoint list"
std::string path_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name()
                                     : path_of(*app.get_parent()) + " " + app.get_name();
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(always)) names.push_back(command->get_name());
  return names;
}

std::string unexpected(const CLI::App& app, const std::vector<std::string>& arguments) {
  const std::string word = app.remaining().front();
  const CLI::Option* launcher = app.get_option_no_throw("LAUNCHER");
  const bool separated = std::find(arguments.begin(), arguments.end(), "--") != arguments.end();
  if (launcher != nullptr && !launcher->empty() && !separated) {
    const std::vector<std::string> words = launcher->results();
    const auto begin = std::find(arguments.begin(), arguments.end(), words.front());
    return fmt::format(
        "{} is an option of {}: write -- before the launcher, as in switchyard {} -- {}", word,
        words.front(), fmt::join(arguments.begin(), begin, " "),
        fmt::join(begin, arguments.end(), " "));
  }
  if (!word.starts_with('-')) return fmt::format("{} is one argument too many", word);
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return fmt::format("{} has no option {}{}", app.get_name(), word, did_you_mean(names, word));
}

}  // namespace

std::string no_command(const CLI::App& app, const std::string& word) {
  const bool whole = app.get_parent() == nullptr;
  return fmt::format("there is no command {}{}{}", whole ? "" : app.get_name() + " ", word,
                     did_you_mean(names_of_commands(app), word));
}

std::string usage_message(const CLI::App& program, const CLI::ParseError& error,
                          const std::vector<std::string>& arguments) {
  const CLI::App& app = chosen_command(program);
  const std::vector<std::string> commands = names_of_commands(app), rest = app.remaining();
  std::string message = error.what();
  if (!commands.empty() && !rest.empty() && !rest.front().starts_with('-')) {
    message = no_command(app, rest.front());
  } else if (!rest.empty()) {
    message = unexpected(app, arguments);
  } else if (!commands.empty()) {
    message = fmt::format("{} needs a command: {}", app.get_name(), fmt::join(commands, ", "));
  }
  return fmt::format("{} (see {} --help)", message, path_of(app));
}

}  // namespace switchyard
