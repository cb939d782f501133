#include "launch/host/home.h"

#include <list>
#include <string_view>

#include "launch/host/environment.h"

namespace switchyard {

std::optional<std::string> expanded_home(const std::string& path) {
  if (!path.starts_with('~')) return path;
  const std::string home = environment_variable("HOME");
  if (home.empty() || (path != "~" && !path.starts_with("~/"))) return std::nullopt;
  return home + path.substr(1);
}

void expand_home_in_options(int argc, char** argv) {
  static std::list<std::string> expanded;  // argv points into it
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find("=~/");
    if (argument == "--") return;
    if (!argument.starts_with("--") || equals == std::string::npos ||
        equals != argument.find('=') || argument.starts_with("--set=") ||
        argument.starts_with("--prompt=")) {
      continue;
    }
    const auto path = expanded_home(argument.substr(equals + 1));
    if (path) argv[i] = expanded.emplace_back(argument.substr(0, equals + 1) + *path).data();
  }
}

}  // namespace switchyard
