// Loader: which rows of the dataset belong to a step, as a function of (seed, step) alone, and this
// rank's share of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/token_store.h"
#include "runtime/batch.h"

namespace switchyard {

struct DataConfig {
  std::string dataset;                 // folder written by `switchyard prepare`
  std::int64_t sequence_length = 256;  // tokens per row
};

// What one rank has to do in one step. Views are valid until the loader is asked for the next step.
struct StepData {
  std::int64_t step = 0;
  std::int64_t loss_tokens = 0;          // targets >= 0 of the whole step, over all ranks
  std::span<const Batch> micro_batches;  // one for each round: as many on every rank, some empty
};

// Row r of a split covers tokens [r S, r S + S] (S inputs and their next tokens). Sample n = step *
// batch + slot is row permutation(n mod rows) of epoch n / rows. Micro-batch m of a step holds
// slots [m * micro, (m + 1) * micro) and is computed by rank m mod ranks in round m / ranks.
class Loader {
 public:
  struct Layout {
    std::int64_t sequence_length, global_batch_size, micro_batch_size;
    std::uint64_t seed;
    int rank, num_ranks;
  };
  // Errors: Exit::usage if the batch does not divide into micro-batches or there are more ranks
  // than micro-batches; Exit::data if the split has no complete row.
  Loader(TokenStore& store, std::string split, const Layout& layout);

  std::int64_t num_rows() const { return num_rows_; }
  // Allocates nothing after the first call.
  StepData step(std::int64_t step);
  // One pass over every target in file order, in num_pass_steps() steps; for evaluation. The last
  // row is padded with boundary tokens and targets of -1, and so are the rows that the last
  // micro-batch lacks; the rest are empty.
  StepData pass(std::int64_t step);
  std::int64_t num_pass_steps() const;
  std::int64_t num_pass_targets() const { return num_tokens_ - 1; }
  // The row of sample n. Exposed for tests.
  std::int64_t row_of_sample(std::int64_t n) const;

 private:
  template <class RowOfSlot>
  StepData gather(std::int64_t step, std::int64_t loss_tokens, RowOfSlot row_of_slot);
  Batch batch_at(std::int64_t round, std::int64_t index) const;
  void fill_row(std::int64_t row, std::int64_t place);

  TokenStore& store_;
  std::string split_;
  Layout layout_;
  std::int64_t num_tokens_ = 0;
  std::int64_t num_rows_ = 0;
  std::int64_t num_micro_batches_ = 0;
  std::vector<std::int32_t> row_;        // S + 1 tokens
  std::vector<Batch> batches_;           // one for each round
  Buffer tokens_, targets_, positions_;  // [rounds * micro_batch_size, S]
};

}  // namespace switchyard
