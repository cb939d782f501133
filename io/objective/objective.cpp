#include "io/objective/objective.h"

#include <algorithm>

#include "io/objective/fill_in_middle.h"
#include "io/objective/spans.h"
#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard {
namespace {

// Numbers that a piece may draw; the first one decides whether it is rewritten.
constexpr std::uint64_t draws_of_piece = std::uint64_t{1} << 20;

}  // namespace

Rewrite rewrite_of(const ObjectiveConfig& config, std::uint64_t seed, std::uint64_t sample,
                   std::uint64_t piece) {
  const Random random(seed, Purpose::objective, sample);
  const double chance = random.uniform(piece * draws_of_piece);
  if (chance < config.fill_in_middle) {
    return chance < config.fill_in_middle * config.suffix_first ? Rewrite::suffix_first
                                                                : Rewrite::prefix_first;
  }
  return chance < config.fill_in_middle + config.spans ? Rewrite::spans : Rewrite::none;
}

Objective::Objective(const ObjectiveConfig& config, const SpecialIds& ids, std::int32_t boundary,
                     std::int64_t num_ids, std::uint64_t seed)
    : config_(config), ids_(ids), boundary_(boundary), num_ids_(num_ids), seed_(seed) {
  require(config.fill_in_middle == 0.0 || ids.prefix >= 0, "ids for fill-in-the-middle");
  require(config.spans == 0.0 || ids.num_spans > 0, "ids for spans");
}

Rewrite Objective::rewrite(std::uint64_t sample, std::uint64_t piece,
                           std::span<std::int32_t> text) const {
  const Rewrite kind = rewrite_of(config_, seed_, sample, piece);
  if (kind == Rewrite::none || text.size() < 2) return Rewrite::none;
  const std::size_t kept = text.front() == boundary_ ? 1 : 0;
  const std::span<std::int32_t> body = text.subspan(kept, text.size() - kept - 1);
  const Random random(seed_, Purpose::objective, sample);
  const std::uint64_t first_draw = piece * draws_of_piece + 1;
  const auto draw = [&](std::uint64_t number) { return random.uniform(first_draw + number); };
  const bool done = kind == Rewrite::spans
                        ? move_spans(body, ids_, config_.span_length, config_.span_share, draw)
                        : fill_in_middle(body, ids_, kind == Rewrite::suffix_first, draw);
  if (!done) return Rewrite::none;
  text.back() = boundary_;
  return kind;
}

std::int64_t Objective::add_noise(std::uint64_t sample, std::span<std::int32_t> inputs) const {
  if (config_.noise == 0.0) return 0;
  // Two of the four words of a block decide one token each, to 32 bits; the others choose ids.
  const Random random(seed_, Purpose::input_noise, sample);
  const auto threshold = static_cast<std::uint64_t>(config_.noise * 0x1p32);
  std::int64_t replaced = 0;
  for (std::size_t i = 0; i < inputs.size(); i += 2) {
    const Philox block = random.bits(i / 2);
    for (std::size_t j = i; j < std::min(i + 2, inputs.size()); ++j) {
      const std::size_t word = 2 * (j - i);
      const bool stays = inputs[j] == boundary_ || inputs[j] >= num_ids_ || ids_.has(inputs[j]);
      if (block[word] >= threshold || stays) continue;
      const std::uint64_t choices = static_cast<std::uint64_t>(num_ids_ - 1);
      const auto id = static_cast<std::int32_t>((block[word + 1] * choices) >> 32);
      inputs[j] = id + (id >= boundary_ ? 1 : 0);
      ++replaced;
    }
  }
  return replaced;
}

}  // namespace switchyard
