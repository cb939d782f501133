// What a step reports: one object per line of metrics.jsonl.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace switchyard {

// How evenly one MoE layer's experts were used in a step, over all ranks.
struct LayerLoad {
  int layer = 0;
  double max_over_mean = 0.0;  // of token counts per expert; 1 is perfect balance
  double entropy = 0.0;        // of the shares, in nats; log(experts) is perfect balance
  int dead_experts = 0;        // without a token in this step
  std::int64_t dropped = 0;    // (token, choice) pairs, for lack of capacity; counted above
  std::array<double, 5> percentiles{};  // load_percentiles of the token counts, over their mean
  int hottest = 0;                      // the expert with the most tokens
  std::vector<std::int64_t> counts{};   // [experts], tokens
};
inline constexpr std::array<int, 5> load_percentiles = {5, 25, 50, 75, 95};  // nearest rank

// Of the worst layer; 0 if none has experts.
inline double worst_max_over_mean(const std::vector<LayerLoad>& layers) {
  double worst = 0.0;
  for (const LayerLoad& load : layers)
    worst = load.max_over_mean > worst ? load.max_over_mean : worst;
  return worst;
}

// Bytes of rows that the ranks of all expert groups sent in a step, by distance. They are logical
// bytes: a hierarchical exchange moves fewer between nodes.
struct ExchangedBytes {
  std::int64_t own_rank = 0, own_node = 0, other_nodes = 0;
};

// What router.balance_step did in a step. Balances are the rows of the busiest rank over the mean
// of its expert group, over all layers and micro-batches; 1 is perfect.
struct GuestsReport {
  std::int64_t copies = 0;  // guests, of all layers and micro-batches
  double before = 0.0;      // the balance without them; 0: router.balance_step is off
  double after = 0.0;
};

// What a placement of one MoE layer's experts changed. Loads are rows per rank, from the choices of
// the steps since the last placement: the busiest rank over the mean, 1 is perfect balance.
struct PlacementChange {
  int layer = 0;
  int moved = 0;        // slots that got another expert
  double before = 0.0;  // in the old placement
  double after = 0.0;   // in the new placement
};

struct PlacementReport {
  std::int64_t steps_done = 0;
  double seconds = 0.0;  // wall time of the placement on rank 0
  std::vector<PlacementChange> layers;
};

// The part of an evaluation that is of one source of the dataset.
struct SourceLoss {
  std::string source;
  std::int64_t num_targets = 0;
  double loss = 0.0;  // cross-entropy per target, in nats
};

struct Evaluation {
  double loss = 0.0;  // cross-entropy per token of the whole split, in nats
  std::vector<SourceLoss> sources;
};

enum class StepOutcome : std::uint8_t {
  taken,
  repeated,  // taken at the second try: the problem of the first did not recur
  outlier,   // taken although it is unusual: the second try gave the same (train/guard/guard.h)
  skipped,   // the weights are as they were before the step
  rewind     // skipped, and the run must go back to a checkpoint (train/guard/guard.h)
};

constexpr bool changed_weights(StepOutcome outcome) { return outcome <= StepOutcome::outlier; }

constexpr const char* name_of(StepOutcome outcome) {
  constexpr const char* names[] = {"taken", "repeated", "outlier", "skipped", "rewind"};
  return names[static_cast<std::size_t>(outcome)];
}

// Rows of each source of a dataset, by name.
using SourceRows = std::map<std::string, std::int64_t>;

struct StepReport {
  std::int64_t step = 0;
  StepOutcome outcome = StepOutcome::taken;
  std::string problem;        // in words; empty if there was none
  SourceRows sources;         // of the batch, if there was a problem
  double loss = 0.0;          // cross-entropy per token of the whole step, in nats
  double balance_loss = 0.0;  // sum over layers, coefficient included
  double z_loss = 0.0;        // sum over layers, coefficient included
  // Of each module of multi-token prediction that the step computed: cross-entropy per target
  // of the module, in nats, without train.mtp_weight.
  std::vector<double> mtp_loss{};
  double gradient_norm = 0.0;  // before clipping
  double learning_rate = 0.0;
  std::int64_t tokens = 0;  // trained on in this step, over all ranks of all islands
  ExchangedBytes exchanged;
  GuestsReport guests{};
  double seconds = 0.0;  // wall time of the step on rank 0
  std::vector<LayerLoad> layers;
  std::int64_t batch = -1;  // of the data; another than the step once the run went back
};

}  // namespace switchyard
