#include "launch/config/retired_keys.h"

#include <algorithm>
#include <array>

#include "runtime/error.h"

namespace switchyard {
namespace {

struct RetiredKey {
  std::string_view name, unused;  // unused: the value that changed nothing
  const char* why;
};

constexpr std::array<RetiredKey, 1> retired_keys = {{
    {"router.node_sums", "false", "sums per node never showed a gain on a cluster"},
}};

}  // namespace

bool skips_retired_key(const std::string& name, std::string_view value, const std::string& where) {
  const auto found = std::ranges::find(retired_keys, name, &RetiredKey::name);
  if (found == retired_keys.end()) return false;
  require(value == found->unused, Exit::usage,
          "{}: {} = {} is no longer supported ({}): remove the key, or use the version of "
          "switchyard that wrote it",
          where, name, value, found->why);
  return true;
}

}  // namespace switchyard
