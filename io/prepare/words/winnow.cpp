#include "io/prepare/words/winnow.h"

#include <array>
#include <string_view>

#include "io/prepare/words/murmur_mix.h"

namespace switchyard::prepare {
namespace {

constexpr std::uint64_t power_base = 0x9E3779B97F4A7C15;  // odd, so that no power of it is 0
constexpr std::uint64_t seed_salt = 0xC0AC29B7C97C50DD;
constexpr std::uint32_t runs_per_span = words_per_span - words_per_seed + 1;

// Finds the seeds of consecutive words that no form feed parts.
class Winnower {
 public:
  Winnower(std::span<const std::uint64_t> words, std::uint32_t first_word, std::vector<Seed>& seeds)
      : words_(words), first_word_(first_word), seeds_(seeds) {}

  void find() {
    if (words_.size() < words_per_span) return;
    const auto num_runs = static_cast<std::uint32_t>(words_.size()) - words_per_seed + 1;
    for (std::uint32_t run = 0; run < num_runs; ++run) {
      const std::uint64_t before = least();
      choose(run);
      if (run + 1 < runs_per_span) continue;
      const std::uint32_t span = first_word_ + run + 1 - runs_per_span;
      if (run + 1 == runs_per_span || least() != before) {
        seeds_.push_back({murmur_mix(least() ^ seed_salt), span, span});
      }
      ++seeds_.back().end;
    }
  }

 private:
  static constexpr std::uint32_t window = 32;  // a power of two that holds the runs of a span
  static_assert(window > runs_per_span);

  std::uint64_t least() const { return hashes_[chosen_ % window]; }

  // Makes chosen_ one of the least hash among the runs of the span that ends with `run`.
  void choose(std::uint32_t run) {
    const std::uint64_t hash = hashes_[run % window] = next_hash(run);
    if (run == 0 || hash <= least()) {
      chosen_ = run;
    } else if (run - chosen_ == runs_per_span) {
      chosen_ = run;
      for (std::uint32_t i = run - runs_per_span + 1; i < run; ++i) {
        if (hashes_[i % window] < least()) chosen_ = i;
      }
    }
  }

  // A polynomial in `power_base`, rolled on by a word, so that the order of words counts.
  std::uint64_t next_hash(std::uint32_t run) {
    if (run == 0) {
      for (std::uint32_t i = 0; i < words_per_seed; ++i) sum_ = sum_ * power_base + words_[i];
    } else {
      sum_ = (sum_ - words_[run - 1] * last_power) * power_base + words_[run + words_per_seed - 1];
    }
    return murmur_mix(sum_);
  }

  static constexpr std::uint64_t last_power = [] {
    std::uint64_t power = 1;
    for (std::uint32_t i = 1; i < words_per_seed; ++i) power *= power_base;
    return power;
  }();

  std::span<const std::uint64_t> words_;
  std::uint32_t first_word_;
  std::vector<Seed>& seeds_;
  std::array<std::uint64_t, window> hashes_{};  // of the last runs
  std::uint64_t sum_ = 0;
  std::uint32_t chosen_ = 0;
};

}  // namespace

std::vector<Seed> find_seeds(const ComparedText& text) {
  std::vector<Seed> seeds;
  const std::span<const std::uint64_t> hashes = text.hashes;
  std::size_t first = 0, end = 0;
  while (first < hashes.size()) {
    const std::size_t form_feed = text.text.find('\f', text.words[first].end);
    while (end < hashes.size() && text.words[end].begin < form_feed) ++end;
    Winnower(hashes.subspan(first, end - first), static_cast<std::uint32_t>(first), seeds).find();
    first = end;
  }
  return seeds;
}

ContentHash hash_of_words(std::span<const std::uint64_t> words) {
  return content_hash({reinterpret_cast<const char*>(words.data()), words.size_bytes()});
}

}  // namespace switchyard::prepare
