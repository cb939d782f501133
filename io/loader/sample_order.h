// SampleOrder: which row is sample n of a run, by arithmetic alone. It keeps no shuffled index in
// memory, and starting from any sample costs the same.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace switchyard {

// How often an epoch takes each source's rows, by name; 1 for those not named.
using SourceWeights = std::map<std::string, double>;

// The weight of each source in the order of their ids. Sources of one name share its weight.
// key: of the config, for messages. Errors: Exit::usage for a name that is no source's, naming
// those there are.
std::vector<double> weights_of(const std::vector<std::string>& sources,
                               const SourceWeights& weights,
                               const std::string& key = "data.weights");

// An epoch holds floor(w) passes over the rows of a source of weight w, and of one more pass a
// random choice of round(frac(w) * rows), another one in each epoch; all in random order. Sample n
// is entry n mod E of epoch n / E, of E entries. A function of (rows, weights, seed, n).
class SampleOrder {
 public:
  struct Source {
    std::int64_t num_rows = 0;  // the next ones after the source before
    double weight = 1.0;
  };

  static constexpr double largest_weight = 1e6;

  // Errors: Exit::usage if a weight is not within [0, largest_weight], or no source is left.
  SampleOrder(const std::vector<Source>& sources, std::uint64_t seed);

  std::int64_t epoch_size() const { return epoch_size_; }
  std::int64_t row(std::int64_t sample) const;  // Requires sample >= 0.

 private:
  struct Part {
    std::int64_t first_entry;  // of an epoch, before it is shuffled
    std::int64_t first_row, num_rows;
    std::int64_t num_repeated;  // entries of whole passes; those after are chosen
    std::uint64_t seed;         // of the choice
  };

  std::vector<Part> parts_;  // of the sources with entries
  std::int64_t epoch_size_ = 0;
  std::uint64_t seed_;
};

}  // namespace switchyard
