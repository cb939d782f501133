// Loader: which rows of the dataset belong to a step, as a function of (seed, step) alone, and this
// rank's share of them, read ahead of the step that wants them.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/folder/chunk_reader.h"
#include "io/loader/packed_rows.h"
#include "io/loader/phased_order.h"
#include "io/loader/prefetcher.h"
#include "io/objective/objective.h"
#include "io/tokens/token_store.h"
#include "runtime/batch.h"

namespace switchyard {

struct DataConfig {
  std::string dataset;                 // folder written by `switchyard prepare`
  std::int64_t sequence_length = 256;  // tokens per row
  SourceWeights weights{};
  DataPhases phases{};  // in which other weights hold
  LossOn loss_on = LossOn::all;
  ObjectiveConfig objective{};
  bool mmap = false;  // map the token files instead of reading them (io/files/mapped_file.h)
};

// The work of one rank in one step. Its views are valid until the next call of the loader.
struct StepData {
  std::int64_t loss_tokens = 0;          // targets >= 0 of the island's step, over its ranks
  std::span<const Batch> micro_batches;  // one for each round: as many on every rank, some empty
  std::int64_t prompt_tokens = 0;        // of the same, whose targets have no loss
  std::int64_t job_tokens = 0;           // both, over all islands
};

// Sample n = step * batch + slot is row SampleOrder(n); phases and a ramp of the batch change that
// (PhasedOrder). Micro-batch m of a step holds slots [m *
// micro, (m + 1) * micro) and is computed by rank m mod ranks in round m / ranks. With all weights
// 1 every token of the split is a target exactly once in an epoch. A thread of the loader fills
// the next step while this one computes.
class Loader {
 public:
  struct Layout {
    std::int64_t sequence_length, global_batch_size, micro_batch_size;
    std::uint64_t seed;
    int rank, num_ranks;
    SourceWeights weights{};
    DataPhases phases{};
    BatchRamp batch_ramp{};  // up to global_batch_size
    LossOn loss_on = LossOn::all;
    std::optional<Objective> objective{};  // of steps; passes read texts as they are
    Access access = Access::pread;
    std::chrono::milliseconds read_timeout = std::chrono::seconds(60);
    // The ranks are those of one of several islands, which divide the micro-batches of each step
    // evenly, the first ones to the first island. Passes are divided among num_ranks.
    int island = 0, num_islands = 1;
  };
  // rows_folder: from prepare_rows, of the same sequence length and loss_on; empty: the rows are
  // packed in memory, and nothing is written. Errors: Exit::usage if the batch does not divide into
  // micro-batches, or these into islands, there are more ranks than micro-batches, or the weights
  // fit no source;
  // Exit::data if the split is empty or a file of it damaged.
  Loader(const TokenStore& store, const std::filesystem::path& rows_folder,
         const std::string& split, const Layout& layout);
  ~Loader();
  Loader(Loader&&) noexcept;

  std::int64_t num_rows() const;
  std::int64_t num_tokens() const;  // of the rows of the split
  std::int64_t min_rows() const;    // that any packing into rows of this length would take

  // Waits only if the data is not there yet. Any step may be asked for; the one after the last is
  // likely to be ready. Allocates nothing once the largest row has been read. Errors: Exit::data
  // naming file and chunk; Exit::storage naming the file if a read takes longer than read_timeout.
  StepData step(std::int64_t step);
  // One pass over every row in order, in num_pass_steps() steps; for evaluation. The rows that the
  // last micro-batch lacks are blank, and the micro-batches after it empty.
  StepData pass(std::int64_t step);
  std::int64_t num_pass_steps() const;
  std::int64_t num_pass_targets() const;
  // The names of the sources, each once, and which of them a sequence of a micro-batch of
  // pass(step) belongs to; nothing for a blank row.
  const std::vector<std::string>& source_names() const;
  std::optional<std::size_t> source_of(std::int64_t step, const Batch& batch,
                                       std::int64_t sequence) const;
  // How many rows of each source are in the batch of a step, over all ranks, by the source's name.
  std::map<std::string, std::int64_t> sources_of(std::int64_t step) const;
  // The rows of the batch of a step, over all ranks, in the order of their slots.
  std::vector<std::int64_t> rows_of(std::int64_t step) const;
  // The row of sample n, and how many samples an epoch has, before any phase. Exposed for tests.
  std::int64_t row_of_sample(std::int64_t n) const;
  std::int64_t epoch_size() const;
  const PhasedOrder& order() const;

 private:
  struct State;
  // Shared with the prefetcher's thread, which outlives the loader if its storage hangs.
  std::shared_ptr<State> state_;
  std::unique_ptr<Prefetcher> prefetcher_;
};

}  // namespace switchyard
