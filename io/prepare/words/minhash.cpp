#include "io/prepare/words/minhash.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "runtime/error.h"
#include "runtime/hd.h"
#include "runtime/random.h"

namespace switchyard::prepare {
namespace {

constexpr std::size_t block = 32;                   // functions computed together
constexpr std::size_t num_shingles_at_once = 1024;  // as 32-bit words, 4 KiB: they stay in L1
constexpr int max_functions = 1 << 16;
constexpr std::uint64_t high_half = 0xFFFFFFFF00000000U;
static_assert(std::endian::native == std::endian::little, "`both` puts even functions first");

// minima[i] = the least hash i of the shingles, and of what it was before. The even functions' high
// halves move down beside the odd ones', so that 32-bit lanes come out in order without a shuffle.
// GCC 12 keeps it all in vectors in just this form, which is 1.6 times as fast as one loop over 32
// functions; measure a change with bench/minhash_bench.
SWITCHYARD_MULTIVERSION
void lower_minima(const MinHasher::Functions& functions, const std::uint32_t* shingles,
                  std::size_t num_shingles, std::uint32_t* minima) {
  const std::uint32_t* even_low = functions.even_low.data();
  const std::uint32_t* odd_low = functions.odd_low.data();
  const std::uint64_t* even_addend = functions.even_addend.data();
  const std::uint64_t* odd_addend = functions.odd_addend.data();
  const std::uint32_t* high = functions.high.data();
  std::uint32_t least[block];
  for (std::size_t i = 0; i < block; ++i) least[i] = minima[i];
  for (std::size_t j = 0; j < num_shingles; ++j) {
    const std::uint32_t x = shingles[j];
    std::uint64_t both[block / 2];
    std::uint32_t hash[block];
    for (std::size_t i = 0; i < block / 2; ++i) {
      const std::uint64_t even = std::uint64_t{even_low[i]} * x + even_addend[i];
      const std::uint64_t odd = std::uint64_t{odd_low[i]} * x + odd_addend[i];
      both[i] = (even >> 32) | (odd & high_half);
    }
    std::memcpy(hash, both, sizeof hash);
    for (std::size_t i = 0; i < block; ++i) {
      const std::uint32_t value = hash[i] + high[i] * x;
      least[i] = value < least[i] ? value : least[i];
    }
  }
  for (std::size_t i = 0; i < block; ++i) minima[i] = least[i];
}

MinHasher::Functions functions_from(std::uint32_t first) {
  constexpr std::array<std::uint32_t, 2> key{0x4D696E48, 0x61736865};  // "MinHashe"
  MinHasher::Functions functions;
  for (std::uint32_t i = 0; i < block; ++i) {
    const Philox bits = philox({first + i, 0, 0, 0}, key);
    (i % 2 == 0 ? functions.even_low : functions.odd_low)[i / 2] = bits[0];
    functions.high[i] = bits[1];
    (i % 2 == 0 ? functions.even_addend : functions.odd_addend)[i / 2] =
        std::uint64_t{bits[3]} << 32 | bits[2];
  }
  return functions;
}

// Takes a number, or the character, from the front of `text`. Returns false if there is none.
template <class Number>
bool take(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{};
}

bool take(std::string_view& text, char character) {
  if (!text.starts_with(character)) return false;
  text.remove_prefix(1);
  return true;
}

struct Published {
  std::string_view name;
  MinHashConfig config;
};

constexpr Published published[] = {{"default", {25, 5, 0.7}},
                                   {"fineweb", {14, 8, 0.7}},
                                   {"refinedweb", {450, 20, 0.8}},
                                   {"dclm", {93, 15, 0.8}},
                                   {"slimpajama", {9, 13, 0.8}}};

}  // namespace

MinHashConfig parse_minhash(const std::string& text) {
  for (const Published& each : published) {
    if (text == each.name) return each.config;
  }
  MinHashConfig config;
  std::string_view rest = text;
  const bool parsed = take(rest, config.bands) && take(rest, 'x') && take(rest, config.rows) &&
                      (rest.empty() || (take(rest, '@') && take(rest, config.threshold))) &&
                      rest.empty();
  require(parsed, Exit::usage,
          "minhash '{}' is neither default, fineweb, refinedweb, dclm, slimpajama nor BANDSxROWS "
          "or BANDSxROWS@THRESHOLD, such as 25x5@0.7",
          text);
  require(config.bands >= 1 && config.rows >= 1 && config.bands <= max_functions / config.rows,
          Exit::usage,
          "minhash '{}' needs at least one band and one row, and at most {} of both "
          "multiplied",
          text, max_functions);
  require(config.threshold > 0 && config.threshold <= 1, Exit::usage,
          "minhash '{}' has threshold {}; it must be above 0 and at most 1", text,
          config.threshold);
  return config;
}

MinHasher::MinHasher(const MinHashConfig& config) : config_(config) {
  const auto num_functions = static_cast<std::uint32_t>(config.bands * config.rows);
  for (std::uint32_t i = 0; i < num_functions; i += block) {
    functions_.push_back(functions_from(i));
  }
}

void MinHasher::band_keys(std::span<const std::uint64_t> shingles,
                          std::span<std::uint64_t> keys) const {
  require(!shingles.empty(), "no shingles to sign");
  require(std::ssize(keys) == config_.bands, "{} keys for {} bands", keys.size(), config_.bands);
  std::vector<std::uint32_t> minima(functions_.size() * block, ~std::uint32_t{0});
  std::array<std::uint32_t, num_shingles_at_once> low;
  while (!shingles.empty()) {
    const std::size_t count = std::min(shingles.size(), low.size());
    for (std::size_t i = 0; i < count; ++i) low[i] = static_cast<std::uint32_t>(shingles[i]);
    for (std::size_t i = 0; i < functions_.size(); ++i) {
      lower_minima(functions_[i], low.data(), count, minima.data() + i * block);
    }
    shingles = shingles.subspan(count);
  }
  const auto rows = static_cast<std::size_t>(config_.rows);
  for (std::size_t band = 0; band < keys.size(); ++band) {
    keys[band] = XXH3_64bits_withSeed(minima.data() + band * rows, rows * sizeof minima[0], band);
  }
}

}  // namespace switchyard::prepare
