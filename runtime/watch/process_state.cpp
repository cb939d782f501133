#include "runtime/watch/process_state.h"

#include <fmt/format.h>

#include <fstream>
#include <map>

namespace switchyard {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// stat: "PID (NAME) STATE ...". The name may contain any character.
std::string state_text(const std::string& stat) {
  static const std::map<char, const char*> names = {
      {'R', "running"}, {'S', "sleeping"},           {'D', "waiting for a device or a file system"},
      {'T', "stopped"}, {'t', "held by a debugger"}, {'Z', "dead, but not yet reaped"}};
  const std::size_t end_of_name = stat.rfind(')');
  if (end_of_name == std::string::npos || end_of_name + 2 >= stat.size()) return "gone";
  const char state = stat[end_of_name + 2];
  const auto name = names.find(state);
  return name == names.end() ? fmt::format("in state {}", state)
                             : fmt::format("{} ({})", name->second, state);
}

}  // namespace

std::string process_state(pid_t process) {
  const std::string folder = fmt::format("/proc/{}/", process);
  std::string text = state_text(first_line(folder + "stat"));
  const std::string waits = first_line(folder + "wchan");
  if (!waits.empty() && waits != "0") text += ", waits in " + waits;
  return text;
}

}  // namespace switchyard
