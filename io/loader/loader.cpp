#include "io/loader/loader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "io/loader/row_filler.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

using Job = Prefetcher::Job;

constexpr std::int64_t no_row = -1;

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

const Loader::Layout& checked(const Loader::Layout& layout) {
  require(
      layout.sequence_length >= 1 && layout.micro_batch_size >= 1 && layout.global_batch_size >= 1,
      Exit::usage,
      "a sequence length of {}, a micro-batch of {} and a batch of {} must all be at least 1",
      layout.sequence_length, layout.micro_batch_size, layout.global_batch_size);
  require(layout.global_batch_size % layout.micro_batch_size == 0, Exit::usage,
          "a batch of {} sequences does not divide into micro-batches of {}",
          layout.global_batch_size, layout.micro_batch_size);
  const std::int64_t all_micro_batches = layout.global_batch_size / layout.micro_batch_size;
  require(all_micro_batches % layout.num_islands == 0, Exit::usage,
          "the {} micro-batches of a step do not divide among {} islands", all_micro_batches,
          layout.num_islands);
  const std::int64_t num_micro_batches = all_micro_batches / layout.num_islands;
  require(
      layout.num_ranks <= num_micro_batches, Exit::usage,
      "there are {} ranks and only {} micro-batches in a step{}: start at most {} ranks, or make "
      "the batch larger or the micro-batch smaller",
      layout.num_ranks, num_micro_batches, layout.num_islands > 1 ? " of each island" : "",
      num_micro_batches);
  return layout;
}

PhasedOrder order_of(const TokenStore& store, const RowTable& rows, const Loader::Layout& layout) {
  return {store.sources(),
          rows.source_rows(),
          layout.weights,
          layout.phases,
          layout.seed,
          StepSamples(layout.batch_ramp, layout.global_batch_size, layout.micro_batch_size)};
}

// The rows that one job fills: this rank's micro-batches, with the count of the whole step.
struct RowSet {
  std::int64_t loss_tokens = 0, prompt_tokens = 0, job_tokens = 0;
  std::int64_t rounds = 0;            // of the job
  std::vector<Batch> batches;         // one for each round, and more where a job has fewer
  Buffer tokens, targets, positions;  // [rounds * micro_batch_size, S]

  RowSet(std::int64_t num_rounds, const Loader::Layout& layout)
      : batches(static_cast<std::size_t>(num_rounds)),
        tokens({num_rounds * layout.micro_batch_size, layout.sequence_length}, DType::i32),
        targets(tokens.tensor().shape, DType::i32),
        positions(tokens.tensor().shape, DType::i32) {}
};

}  // namespace

struct Loader::State {
  State(const TokenStore& store, const std::filesystem::path& rows_folder, const std::string& split,
        const Layout& wanted)
      : layout(checked(wanted)),
        num_rounds(divide_up(layout.global_batch_size / layout.micro_batch_size, layout.num_ranks)),
        filler(store, rows_folder, split, {layout.sequence_length, layout.loss_on}, layout.access),
        rows_of_slots(static_cast<std::size_t>(layout.global_batch_size)),
        sets{RowSet(num_rounds, layout), RowSet(num_rounds, layout)} {
    require(filler.rows().num_rows() > 0, Exit::data, "the {} split of {} holds no document", split,
            store.dataset().string());
    source_names = store.sources();
    order.emplace(order_of(store, filler.rows(), layout));
    std::int64_t end = 0;
    for (std::size_t i = 0; i < store.sources().size(); ++i) {
      const auto known = std::find(names.begin(), names.end(), store.sources()[i]);
      const std::int64_t name = known - names.begin();
      if (known == names.end()) names.push_back(store.sources()[i]);
      end += filler.rows().source_rows()[i];
      ends_of_sources.emplace_back(end, name);
    }
  }

  std::int64_t batch_size(Job job) const {
    return job.kind == Job::Kind::step ? order->batch_size(job.number) : layout.global_batch_size;
  }

  // Returns no_row after the end of a pass.
  std::int64_t row_in(Job job, std::int64_t slot) const {
    if (job.kind == Job::Kind::step) return order->row(job.number, slot);
    const std::int64_t n = job.number * layout.global_batch_size + slot;
    return n < filler.rows().num_rows() ? n : no_row;
  }

  const std::string& source_of(std::int64_t row) const {
    std::size_t source = 0;
    for (std::int64_t end = 0; row >= (end += filler.rows().source_rows()[source]);) ++source;
    return source_names[source];
  }

  std::int64_t row_of_slot(std::int64_t slot) const {
    return rows_of_slots[static_cast<std::size_t>(slot)];
  }

  // The micro-batches of a job that these ranks compute.
  std::pair<std::int64_t, std::int64_t> micro_batches_of(Job job, std::int64_t num_slots) const {
    const std::int64_t all = num_slots / layout.micro_batch_size;
    if (job.kind != Job::Kind::step) return {0, all};
    return {all * layout.island / layout.num_islands,
            all * (layout.island + 1) / layout.num_islands};
  }

  void fill(Job job, RowSet& set) {
    set.loss_tokens = set.prompt_tokens = set.job_tokens = 0;
    const std::int64_t size = layout.micro_batch_size;
    const std::int64_t num_slots = batch_size(job);
    const auto [first, end] = micro_batches_of(job, num_slots);
    for (std::int64_t slot = 0; slot < num_slots; ++slot) {
      const std::int64_t row = row_in(job, slot);
      rows_of_slots[static_cast<std::size_t>(slot)] = row;
      if (row == no_row) continue;
      const std::int64_t targets = filler.rows().targets_of(row);
      const bool response = layout.loss_on == LossOn::response;
      const std::int64_t prompt = response ? filler.rows().tokens_of(row) - targets : 0;
      set.job_tokens += targets + prompt;
      if (slot < first * size || slot >= end * size) continue;
      set.loss_tokens += targets;
      set.prompt_tokens += prompt;
    }
    set.rounds = divide_up(end - first, layout.num_ranks);
    for (std::int64_t round = 0; round < set.rounds; ++round) {
      const std::int64_t index = first + round * layout.num_ranks + layout.rank;
      const bool empty = index >= end || row_of_slot(index * size) == no_row;
      set.batches[static_cast<std::size_t>(round)] = batch_at(set, round, empty ? -1 : index);
      for (std::int64_t i = 0; !empty && i < size; ++i) {
        fill_row(job, index * size + i, set, round * size + i);
      }
    }
  }

  Batch batch_at(const RowSet& set, std::int64_t round, std::int64_t index) const {
    const std::int64_t size = index < 0 ? 0 : layout.micro_batch_size;
    const std::int64_t length = layout.sequence_length;
    const std::int64_t first = round * layout.micro_batch_size;
    const auto part = [&](const Buffer& buffer) {
      return buffer.tensor().row_range(first, first + size).view({size * length});
    };
    return {index, size, length, part(set.tokens), part(set.targets), part(set.positions)};
  }

  void fill_row(Job job, std::int64_t slot, RowSet& set, std::int64_t place) {
    const std::int64_t row = row_of_slot(slot);
    const auto at = [&](const Buffer& buffer) {
      return buffer.tensor().as<std::int32_t>() + place * layout.sequence_length;
    };
    const RowFiller::Row out{at(set.tokens), at(set.targets), at(set.positions)};
    if (row == no_row) return filler.fill_blank(out);
    if (job.kind != Job::Kind::step || !layout.objective) return filler.fill(row, out);
    filler.fill(row, out, &*layout.objective, order->samples().first_sample(job.number) + slot);
  }

  std::string doing() const {
    const std::filesystem::path* file = filler.reading();
    return file != nullptr ? "reading " + file->string() : "filling a step";
  }

  Layout layout;
  std::int64_t num_rounds;  // of the largest step
  RowFiller filler;  // used by the prefetcher's thread alone, but for counts that never change
  std::vector<std::string> source_names;
  std::optional<PhasedOrder> order;
  std::vector<std::string> names;                                     // of sources, each once
  std::vector<std::pair<std::int64_t, std::size_t>> ends_of_sources;  // end of rows, its name
  std::vector<std::int64_t> rows_of_slots;  // of the step or pass being filled
  std::array<RowSet, 2> sets;
};

Loader::Loader(const TokenStore& store, const std::filesystem::path& rows_folder,
               const std::string& split, const Layout& layout)
    : state_(std::make_shared<State>(store, rows_folder, split, layout)),
      prefetcher_(std::make_unique<Prefetcher>(
          Prefetcher::Work{[state = state_](Job job, int set) {
                             state->fill(job, state->sets[static_cast<std::size_t>(set)]);
                           },
                           [state = state_] { return state->doing(); }},
          layout.read_timeout)) {}

Loader::~Loader() = default;
Loader::Loader(Loader&&) noexcept = default;

std::int64_t Loader::num_rows() const { return state_->filler.rows().num_rows(); }
std::int64_t Loader::num_tokens() const { return state_->filler.rows().num_tokens(); }
std::int64_t Loader::num_pass_targets() const { return state_->filler.rows().num_targets(); }
std::int64_t Loader::min_rows() const { return state_->filler.rows().min_rows(); }
std::int64_t Loader::row_of_sample(std::int64_t n) const {
  return state_->order->parts().front().order.row(n);
}
std::int64_t Loader::epoch_size() const {
  return state_->order->parts().front().order.epoch_size();
}
const PhasedOrder& Loader::order() const { return *state_->order; }

std::vector<std::int64_t> Loader::rows_of(std::int64_t step) const {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(state_->order->batch_size(step)));
  for (std::size_t slot = 0; slot < rows.size(); ++slot)
    rows[slot] = state_->order->row(step, static_cast<std::int64_t>(slot));
  return rows;
}

std::map<std::string, std::int64_t> Loader::sources_of(std::int64_t step) const {
  std::map<std::string, std::int64_t> rows;
  for (const std::int64_t row : rows_of(step)) ++rows[state_->source_of(row)];
  return rows;
}

std::int64_t Loader::num_pass_steps() const {
  return divide_up(num_rows(), state_->layout.global_batch_size);
}

const std::vector<std::string>& Loader::source_names() const { return state_->names; }

std::optional<std::size_t> Loader::source_of(std::int64_t step, const Batch& batch,
                                             std::int64_t sequence) const {
  const Layout& layout = state_->layout;
  const std::int64_t row =
      step * layout.global_batch_size + batch.index * layout.micro_batch_size + sequence;
  const auto& ends = state_->ends_of_sources;
  const auto source = std::upper_bound(
      ends.begin(), ends.end(), row, [](std::int64_t r, const auto& end) { return r < end.first; });
  return source == ends.end() ? std::nullopt : std::optional(source->second);
}

StepData Loader::step(std::int64_t step) {
  require(step >= 0, "step {}", step);
  const int set = prefetcher_->get({Job::Kind::step, step}, Job{Job::Kind::step, step + 1});
  const RowSet& filled = state_->sets[static_cast<std::size_t>(set)];
  return {filled.loss_tokens,
          std::span(filled.batches).first(static_cast<std::size_t>(filled.rounds)),
          filled.prompt_tokens, filled.job_tokens};
}

StepData Loader::pass(std::int64_t step) {
  require(step >= 0 && step < num_pass_steps(), "step {} of a pass of {}", step, num_pass_steps());
  const bool last = step + 1 == num_pass_steps();
  const int set =
      prefetcher_->get({Job::Kind::pass, step},
                       last ? std::nullopt : std::optional<Job>({Job::Kind::pass, step + 1}));
  const RowSet& filled = state_->sets[static_cast<std::size_t>(set)];
  return {filled.loss_tokens,
          std::span(filled.batches).first(static_cast<std::size_t>(filled.rounds)),
          filled.prompt_tokens, filled.job_tokens};
}

}  // namespace switchyard
