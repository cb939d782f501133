#include "io/prepare/words/minhash.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>

#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard::prepare {
namespace minhash_test {

using Hashes = std::vector<std::uint64_t>;

Hashes random_hashes(std::uint64_t seed, std::uint64_t count) {
  const Random random(seed, Purpose::sampling);
  Hashes hashes;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Philox bits = random.bits(i);
    hashes.push_back(std::uint64_t{bits[0]} << 32 | bits[1]);
  }
  return hashes;
}

Hashes keys_of(const MinHashConfig& config, const Hashes& shingles) {
  Hashes keys(static_cast<std::size_t>(config.bands));
  MinHasher(config).band_keys(shingles, keys);
  return keys;
}

// One function at a time, in 64 bits, as the header says it.
Hashes reference(const MinHashConfig& config, const Hashes& shingles) {
  Hashes keys;
  std::uint32_t function = 0;
  for (int band = 0; band < config.bands; ++band) {
    std::vector<std::uint32_t> minima;
    for (int row = 0; row < config.rows; ++row, ++function) {
      const Philox bits = philox({function, 0, 0, 0}, {0x4D696E48, 0x61736865});
      const std::uint64_t a = std::uint64_t{bits[1]} << 32 | bits[0];
      const std::uint64_t b = std::uint64_t{bits[3]} << 32 | bits[2];
      std::uint64_t least = ~std::uint64_t{0};
      for (const std::uint64_t x : shingles) {
        least = std::min(least, (a * (x & 0xFFFFFFFF) + b) >> 32);
      }
      minima.push_back(static_cast<std::uint32_t>(least));
    }
    keys.push_back(
        XXH3_64bits_withSeed(minima.data(), minima.size() * 4, static_cast<std::uint64_t>(band)));
  }
  return keys;
}

TEST(MinHash, KeysAreThoseOfThePlainArithmetic) {
  for (const MinHashConfig config : {MinHashConfig{25, 5, 0.7},
                                     {14, 8, 0.7},
                                     {1, 1, 0.7},
                                     {9, 13, 0.8},
                                     {32, 1, 0.7},
                                     {11, 3, 0.7}}) {
    for (const std::uint64_t count : {1, 2, 7, 400, 1023, 1024, 1025, 3000}) {
      const Hashes shingles = random_hashes(count, count);
      EXPECT_EQ(keys_of(config, shingles), reference(config, shingles))
          << config.bands << "x" << config.rows << ", " << count << " shingles";
    }
  }
}

TEST(MinHash, KeysAreThoseOfThePlainArithmeticAtTheEdges) {
  const Hashes shingles = {0, 1, 0xFFFFFFFF, 0x80000000, ~std::uint64_t{0}};
  for (const std::uint64_t each : shingles) {
    EXPECT_EQ(keys_of({}, {each}), reference({}, {each})) << each;
  }
}

TEST(MinHash, OrderAndRepetitionChangeNothing) {
  Hashes shingles = random_hashes(1, 1500);
  const Hashes keys = keys_of({}, shingles);
  shingles.insert(shingles.end(), shingles.begin(), shingles.begin() + 700);
  std::reverse(shingles.begin(), shingles.end());
  EXPECT_EQ(keys_of({}, shingles), keys);
}

TEST(MinHash, BandsWithEqualMinimaHaveDifferentKeys) {
  Hashes keys = keys_of({64, 1, 0.7}, {7});
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(std::unique(keys.begin(), keys.end()), keys.end());
}

TEST(MinHash, NoShinglesAreADefect) {
  Hashes keys(25);
  EXPECT_THROW(MinHasher({}).band_keys({}, keys), Error);
  EXPECT_THROW(MinHasher({}).band_keys(Hashes{1}, std::span(keys).first(24)), Error);
}

TEST(MinHash, OfKnownShinglesAreKnown) {
  const Hashes keys = keys_of({}, random_hashes(1, 100));
  EXPECT_EQ(XXH3_64bits(keys.data(), keys.size() * sizeof keys[0]), 0xE8B057B8335F8E9EU);
}

// Two sets of `total` shingles together, `common` of them in both.
struct Pair {
  Hashes a, b;
};

Pair pair_of(std::uint64_t seed, std::size_t total, std::size_t common) {
  const Hashes all = random_hashes(seed, total);
  const std::size_t border = common + (total - common) / 2;
  Pair pair{{all.begin(), all.begin() + static_cast<std::ptrdiff_t>(border)},
            {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(common)}};
  pair.b.insert(pair.b.end(), all.begin() + static_cast<std::ptrdiff_t>(border), all.end());
  return pair;
}

struct Shared {
  int pairs = 0;  // that share a band at least
  int bands = 0;  // shared, over all pairs
};

Shared shared(const MinHashConfig& config, double similarity, int num_pairs) {
  constexpr std::size_t total = 100;
  const auto common = static_cast<std::size_t>(std::lround(similarity * total));
  Shared result;
  for (int i = 0; i < num_pairs; ++i) {
    const Pair pair = pair_of(static_cast<std::uint64_t>(i + 1) * 1000 + common, total, common);
    const Hashes a = keys_of(config, pair.a);
    const Hashes b = keys_of(config, pair.b);
    int bands = 0;
    for (std::size_t band = 0; band < a.size(); ++band) bands += a[band] == b[band] ? 1 : 0;
    result.bands += bands;
    result.pairs += bands > 0 ? 1 : 0;
  }
  return result;
}

class Similarity : public testing::TestWithParam<double> {};

void expect_within_3_sigma(int count, int trials, double probability, const char* what) {
  const double sigma = std::sqrt(trials * probability * (1 - probability));
  EXPECT_NEAR(count, trials * probability, 3 * sigma + 1) << what;
}

TEST_P(Similarity, PairsShareABandAsOftenAsTheSCurveSays) {
  constexpr int num_pairs = 1000;
  const double s = GetParam();
  for (const MinHashConfig config : {MinHashConfig{25, 5, 0.7}, {14, 8, 0.7}}) {
    const double band = std::pow(s, config.rows);
    const Shared found = shared(config, s, num_pairs);
    expect_within_3_sigma(found.pairs, num_pairs, 1 - std::pow(1 - band, config.bands), "pairs");
    expect_within_3_sigma(found.bands, num_pairs * config.bands, band, "bands");
  }
}

INSTANTIATE_TEST_SUITE_P(MinHash, Similarity,
                         testing::Values(0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95));

TEST(MinHash, FindsNinetyNineOfAHundredPairsAtTheThreshold) {
  const double probability = 1 - std::pow(1 - std::pow(0.7, 5), 25);
  EXPECT_NEAR(probability, 0.99, 0.0001);  // 0.98995
  expect_within_3_sigma(shared({}, 0.7, 2000).pairs, 2000, probability, "pairs");
}

TEST(MinHash, PublishedSettingsHaveNames) {
  EXPECT_EQ(parse_minhash("default").bands, 25);
  EXPECT_EQ(parse_minhash("fineweb").rows, 8);
  EXPECT_EQ(parse_minhash("refinedweb").bands, 450);
  EXPECT_EQ(parse_minhash("dclm").threshold, 0.8);
  EXPECT_EQ(parse_minhash("slimpajama").rows, 13);
}

TEST(MinHash, BandsAndRowsMayBeGiven) {
  const MinHashConfig config = parse_minhash("20x10");
  EXPECT_EQ(config.bands, 20);
  EXPECT_EQ(config.rows, 10);
  EXPECT_EQ(config.threshold, 0.7);
  EXPECT_EQ(parse_minhash("1x1@1").threshold, 1.0);
  EXPECT_EQ(parse_minhash("9000x7@0.85").threshold, 0.85);
}

TEST(MinHash, OtherTextIsAnErrorOfUsageThatNamesIt) {
  for (const std::string text : {"",          "fine",  "25",          "25x",           "x5",
                                 "25x5x1",    "25x5@", "25x5@x",      "0x5",           "25x0",
                                 "-1x5",      "+1x5",  "25x5@0",      "25x5@1.1",      "25x5@nan",
                                 "25x5@0.7 ", " 25x5", "99999x99999", "99999999999x1", "Default"}) {
    try {
      parse_minhash(text);
      ADD_FAILURE() << "'" << text << "' was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::usage) << text;
      EXPECT_NE(std::string(error.what()).find("'" + text + "'"), std::string::npos);
    }
  }
}

}  // namespace minhash_test
}  // namespace switchyard::prepare
