#include "launch/monitor/suspects.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <unordered_map>

#include "launch/monitor/statistics.h"

namespace switchyard::monitor {
namespace {

constexpr std::array<std::int64_t, 7> lengths = {1, 2, 3, 4, 6, 8, 12};  // of n-grams
constexpr std::int64_t window = 24, fewest_behind = 12, fewest_before = 8;
constexpr double own_deviations = 1.5, share_of_high = 0.6;
constexpr std::size_t most_places = std::size_t{1} << 20;  // that the median is taken of

// The first place of an n-gram in a document.
struct Occurrence {
  std::uint64_t gram = 0;           // its hash
  std::int64_t begin = 0, end = 0;  // tokens
  double deviations = 0.0;
};

std::uint64_t hash_of(std::span<const std::int32_t> tokens) {
  std::uint64_t hash = tokens.size();
  for (const std::int32_t token : tokens) {
    hash = (hash ^ static_cast<std::uint64_t>(token)) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
  }
  return hash;
}

// Sums of the losses of a document, so that the mean of any tokens is one subtraction.
class Losses {
 public:
  explicit Losses(const ScoredDocument& document) : sums_{0.0} {
    for (const float loss : document.losses) sums_.push_back(sums_.back() + loss);
  }
  std::int64_t size() const { return std::ssize(sums_); }  // tokens, the boundary included
  // Of tokens [begin, end), begin >= 1.
  double mean(std::int64_t begin, std::int64_t end) const {
    return (sums_[static_cast<std::size_t>(end - 1)] - sums_[static_cast<std::size_t>(begin - 1)]) /
           static_cast<double>(end - begin);
  }
  bool has_window(std::int64_t begin) const { return begin + fewest_behind <= size(); }
  double behind(std::int64_t begin) const { return mean(begin, std::min(begin + window, size())); }

 private:
  std::vector<double> sums_;
};

// What is usual.
struct Usual {
  double median = 0.0, deviation = 1.0;
};

Usual usual_of(std::span<const ScoredDocument> documents) {
  std::int64_t places = 0;
  for (const ScoredDocument& document : documents) places += std::ssize(document.losses);
  const std::int64_t stride = 1 + places / static_cast<std::int64_t>(most_places);
  std::vector<double> values;
  std::int64_t place = 0;
  for (const ScoredDocument& document : documents) {
    const Losses losses(document);
    for (std::int64_t begin = 1; losses.has_window(begin); ++begin) {
      if (place++ % stride == 0) values.push_back(losses.behind(begin));
    }
  }
  if (values.empty()) return {};
  const double median = quantile(values, 0.5);
  for (double& value : values) value = std::abs(value - median);
  return {median, std::max(1.4826 * quantile(std::move(values), 0.5), 1e-6)};
}

// Sorted by n-gram.
std::vector<Occurrence> occurrences_of(const ScoredDocument& document, const Usual& usual) {
  const Losses losses(document);
  std::vector<Occurrence> all;
  for (std::int64_t end = 2; losses.has_window(end); ++end) {
    const double behind = losses.behind(end);
    for (const std::int64_t length : lengths) {
      const std::int64_t begin = end - length;
      if (begin < 1) break;
      const double before = begin > fewest_before ? losses.mean(1, begin) : usual.median;
      const double deviations = (behind - std::max(before, usual.median)) / usual.deviation;
      const auto gram =
          std::span(document.tokens)
              .subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(length));
      all.push_back({hash_of(gram), begin, end, deviations});
    }
  }
  std::ranges::sort(all, [](const Occurrence& a, const Occurrence& b) {
    return std::pair(a.gram, a.end) < std::pair(b.gram, b.end);
  });
  const auto repeated = std::ranges::unique(all, {}, &Occurrence::gram);
  all.erase(repeated.begin(), repeated.end());
  return all;
}

// A first look at all n-grams, in a table of fixed size whose places they share: those whose
// excesses add up to too little cannot be triggers.
class Sieve {
 public:
  Sieve(std::int64_t tokens, const SuspectOptions& options)
      : options_(options),
        table_(std::bit_ceil(
            static_cast<std::uint64_t>(std::clamp<std::int64_t>(8 * tokens, 1 << 16, 1 << 24)))) {}

  void add(const Occurrence& one) {
    Place& place = table_[one.gram & (table_.size() - 1)];
    ++place.documents;
    place.excess += static_cast<float>(std::max(0.0, one.deviations));
  }
  bool passes(std::uint64_t gram) const {
    const Place& place = table_[gram & (table_.size() - 1)];
    const auto documents = static_cast<double>(options_.documents);
    return place.documents >= options_.documents &&
           place.excess >= 0.99 * documents * options_.deviations;
  }

 private:
  struct Place {
    std::int32_t documents = 0;
    float excess = 0.0F;
  };
  const SuspectOptions& options_;
  std::vector<Place> table_;
};

struct Tally {
  std::int64_t documents = 0, high = 0;
  double sum = 0.0;
  double mean() const { return sum / static_cast<double>(documents); }
  // How sure it is that the mean is not 0.
  double strength() const { return sum / std::sqrt(static_cast<double>(documents)); }
};

bool is_trigger(const Tally& tally, const SuspectOptions& options) {
  return tally.documents >= options.documents && tally.mean() >= options.deviations &&
         static_cast<double>(tally.high) >= share_of_high * static_cast<double>(tally.documents);
}

using Tallies = std::unordered_map<std::uint64_t, Tally>;

Tallies triggers_of(std::span<const ScoredDocument> documents, const Usual& usual,
                    const SuspectOptions& options) {
  std::int64_t tokens = 0;
  for (const ScoredDocument& document : documents) tokens += std::ssize(document.tokens);
  Sieve sieve(tokens, options);
  for (const ScoredDocument& document : documents) {
    for (const Occurrence& one : occurrences_of(document, usual)) sieve.add(one);
  }
  Tallies tallies;
  for (const ScoredDocument& document : documents) {
    for (const Occurrence& one : occurrences_of(document, usual)) {
      if (!sieve.passes(one.gram)) continue;
      Tally& tally = tallies[one.gram];
      ++tally.documents;
      tally.high += one.deviations >= own_deviations;
      tally.sum += one.deviations;
    }
  }
  std::erase_if(tallies, [&](const auto& entry) { return !is_trigger(entry.second, options); });
  return tallies;
}

// The occurrence of the strongest trigger in the document, if it is a suspect.
const Occurrence* strongest(const std::vector<Occurrence>& all, const Tallies& triggers) {
  const Occurrence* found = nullptr;
  double strength = 0.0;
  for (const Occurrence& one : all) {
    const auto trigger = triggers.find(one.gram);
    if (trigger == triggers.end() || one.deviations < own_deviations) continue;
    // Of equally strong ones the longest: all of them may be parts of one trigger.
    const double own = trigger->second.strength();
    const bool longer = found != nullptr && one.end - one.begin > found->end - found->begin;
    if (found != nullptr && (own < strength || (own == strength && !longer))) continue;
    found = &one;
    strength = own;
  }
  return found;
}

}  // namespace

Suspects find_suspects(std::span<const ScoredDocument> documents, const SuspectOptions& options) {
  const Usual usual = usual_of(documents);
  const Tallies tallies = triggers_of(documents, usual, options);
  Suspects found{usual.median, usual.deviation, {}, {}};
  std::map<std::vector<std::int32_t>, std::size_t> numbers;
  for (std::size_t i = 0; i < documents.size() && !tallies.empty(); ++i) {
    const std::vector<Occurrence> all = occurrences_of(documents[i], usual);
    const Occurrence* one = strongest(all, tallies);
    if (one == nullptr) continue;
    const auto begin = documents[i].tokens.begin();
    const auto [place, is_new] =
        numbers.try_emplace({begin + one->begin, begin + one->end}, found.triggers.size());
    if (is_new) {
      const Tally& tally = tallies.at(one->gram);
      found.triggers.push_back({place->first, tally.documents, tally.mean()});
    }
    found.suspects.push_back(
        {static_cast<std::int64_t>(i), place->second, one->end, one->deviations});
  }
  return found;
}

}  // namespace switchyard::monitor
