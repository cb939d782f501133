#include "runtime/watch/process_state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <map>
#include <vector>

namespace switchyard {
namespace {

constexpr std::size_t max_calls = 6;

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// "PID (any name at all) STATE ...".
std::string state_text(const std::string& stat) {
  static const std::map<char, const char*> names = {
      {'R', "running"}, {'S', "sleeping"},           {'D', "waiting for a device or a file system"},
      {'T', "stopped"}, {'t', "held by a debugger"}, {'Z', "dead, and not yet collected"}};
  const std::size_t end_of_name = stat.rfind(')');
  if (end_of_name == std::string::npos || end_of_name + 2 >= stat.size()) return "gone";
  const char state = stat[end_of_name + 2];
  const auto name = names.find(state);
  return name == names.end() ? fmt::format("in state {}", state)
                             : fmt::format("{} ({})", name->second, state);
}

// Lines of /proc/PID/stack are "[<0>] do_signal_stop+0x1a0/0x260".
std::vector<std::string> kernel_calls(const std::string& path) {
  std::vector<std::string> calls;
  std::ifstream in(path);
  for (std::string line; calls.size() < max_calls && std::getline(in, line);) {
    const std::size_t begin = line.find(' ');
    if (begin == std::string::npos) continue;
    calls.push_back(line.substr(begin + 1, line.find('+') - begin - 1));
  }
  return calls;
}

}  // namespace

std::string process_state(pid_t process) {
  const std::string folder = fmt::format("/proc/{}/", process);
  std::string text = state_text(first_line(folder + "stat"));
  const std::string waits = first_line(folder + "wchan");
  if (!waits.empty() && waits != "0") text += ", waits in " + waits;
  const std::vector<std::string> calls = kernel_calls(folder + "stack");
  if (!calls.empty()) text += fmt::format(", kernel stack: {}", fmt::join(calls, " < "));
  return text;
}

}  // namespace switchyard
