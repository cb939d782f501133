#include "io/checkpoint/checkpoint_format.h"

#include <fmt/format.h>

#include <charconv>

namespace switchyard {
namespace {

// Takes a number from the front of the text. False if there is none, or one too large.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{} && number >= 0;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string checkpoint_folder_name(CheckpointId id) {
  return fmt::format("step-{:08}-a{:04}", id.step, id.attempt);
}

std::optional<CheckpointId> parse_checkpoint_folder_name(std::string_view name) {
  std::string_view rest = name;
  CheckpointId id;
  const bool parsed = take_prefix(rest, "step-") && take_number(rest, id.step) &&
                      take_prefix(rest, "-a") && take_number(rest, id.attempt);
  if (!parsed || checkpoint_folder_name(id) != name) return std::nullopt;
  return id;
}

std::string rank_file_name(int rank, int part) {
  return part == 0 ? fmt::format("rank-{:05}.h5", rank)
                   : fmt::format("rank-{:05}-{:04}.h5", rank, part);
}

bool is_rank_file_name(std::string_view name) {
  return name.starts_with("rank-") && name.ends_with(".h5");
}

std::string parity_file_name(std::int64_t set, std::int64_t member) {
  return fmt::format("parity-{:05}-{:05}.bin", set, member);
}

}  // namespace switchyard
