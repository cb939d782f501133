#include "runtime/params/param_spec.h"

#include <fmt/format.h>

#include <charconv>

#include "runtime/random.h"

namespace switchyard {
namespace {

constexpr std::string_view expert_mark = ".expert";

}  // namespace

std::string ExpertPart::name() const {
  return fmt::format("{}{}{}.{}", layer, expert_mark, expert, part);
}

std::optional<ExpertPart> ExpertPart::of_name(std::string_view name) {
  const std::size_t mark = name.find(expert_mark);
  if (mark == std::string_view::npos) return std::nullopt;
  ExpertPart found;
  const char* const end = name.data() + name.size();
  const auto [rest, error] =
      std::from_chars(name.data() + mark + expert_mark.size(), end, found.expert);
  if (error != std::errc{} || found.expert < 0 || rest == end || *rest != '.') return std::nullopt;
  found.layer = name.substr(0, mark);
  found.part = std::string(rest + 1, end);
  return found;
}

std::uint64_t ParamSpec::key() const { return key_of_name(name); }

}  // namespace switchyard
