// MinHash: signatures of shingle sets, cut into bands (Broder, "On the resemblance and containment
// of documents", 1997; banding: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", ch. 3).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace switchyard::prepare {

// Two documents of Jaccard s share a band with probability 1 - (1 - s^rows)^bands.
struct MinHashConfig {
  int bands = 25, rows = 5;
  double threshold = 0.7;  // of the verified Jaccard
};

// "default" 25 x 5 at 0.7, "fineweb" 14 x 8 at 0.7, "refinedweb" 450 x 20 at 0.8, "dclm" 93 x 15 at
// 0.8, "slimpajama" 9 x 13 at 0.8 (its bands and rows, our shingles), or "BANDSxROWS" or
// "BANDSxROWS@THRESHOLD". Errors: Exit::usage.
MinHashConfig parse_minhash(const std::string& text);

// Hash i of shingle x is the high half of a_i * lo32(x) + b_i modulo 2^64 (multiply-add-shift;
// Dietzfelbinger 1996, Thorup 2015) with a_i, b_i from Philox: the same bits on any instruction
// set.
class MinHasher {
 public:
  explicit MinHasher(const MinHashConfig& config);

  // One 64-bit key for each band, the band's number mixed in. Requires shingles, in any order; a
  // repeated one changes nothing.
  void band_keys(std::span<const std::uint64_t> shingles, std::span<std::uint64_t> keys) const;

  const MinHashConfig& config() const { return config_; }

  // The constants of 32 hash functions: a = low + 2^32 high, and b. Functions 2k and 2k + 1 are
  // computed side by side, so what needs 64-bit products lies apart by parity.
  struct Functions {
    std::array<std::uint32_t, 16> even_low, odd_low;
    std::array<std::uint64_t, 16> even_addend, odd_addend;
    std::array<std::uint32_t, 32> high;
  };

 private:
  MinHashConfig config_;
  std::vector<Functions> functions_;
};

}  // namespace switchyard::prepare
