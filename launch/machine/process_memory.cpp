#include "launch/machine/process_memory.h"

#include <fstream>
#include <string>

namespace switchyard {
namespace {

// A line of /proc/self/status is "RssAnon:     1234 kB".
std::int64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return 1024 * std::stoll(line.substr(key.size() + 1));
  }
  return 0;
}

}  // namespace

std::int64_t anonymous_bytes() { return status_bytes("RssAnon"); }
std::int64_t shared_bytes() { return status_bytes("RssShmem"); }

}  // namespace switchyard
