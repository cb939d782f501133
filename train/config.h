// How a run trains: aggregates with defaults, filled from the tables [train] and [guard] of the
// config.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/loader/step_samples.h"
#include "runtime/names.h"
#include "runtime/product/precision.h"
#include "runtime/tensor.h"

namespace switchyard {

// How f32 values are rounded where they are kept or multiplied.
enum class FloatFormat : std::uint8_t { f32, bf16 };
template <>
inline constexpr std::array<std::string_view, 2> names_of<FloatFormat> = {"f32", "bf16"};

// How the learning rate goes on after the warm-up.
enum class RateSchedule : std::uint8_t { cosine, linear, constant, wsd };
template <>
inline constexpr std::array<std::string_view, 4> names_of<RateSchedule> = {"cosine", "linear",
                                                                           "constant", "wsd"};
// How it falls at the end of "wsd".
enum class DecayShape : std::uint8_t { linear, one_minus_sqrt };
template <>
inline constexpr std::array<std::string_view, 2> names_of<DecayShape> = {"linear", "1-sqrt"};

// How training keeps the matrices of attention and of feed-forward networks: in f32, or as int8
// codes with a scale for each row.
enum class ValueFormat : std::uint8_t { f32, int8 };
template <>
inline constexpr std::array<std::string_view, 2> names_of<ValueFormat> = {"f32", "int8"};
// How an updated weight becomes a code.
enum class CodeRounding : std::uint8_t { chance, nearest };
template <>
inline constexpr std::array<std::string_view, 2> names_of<CodeRounding> = {"chance", "nearest"};

// What updates the matrices of attention and of feed-forward networks; AdamW updates the rest.
enum class MatrixOptimizer : std::uint8_t { adamw, muon };
template <>
inline constexpr std::array<std::string_view, 2> names_of<MatrixOptimizer> = {"adamw", "muon"};

// AdamW in a subspace of each matrix's gradient (train/matrix/galore.h).
struct GaloreConfig {
  std::int64_t rank = 0;     // of the subspace; 0: AdamW as it is
  std::int64_t every = 200;  // steps between choices of the subspace
  double scale = 0.25;       // of the update
  std::vector<std::string> targets{"attention", "ffn", "shared", "experts"};  // by chooses_param
};

// How the values of several islands become one, and in what they travel (train/islands).
enum class Aggregate : std::uint8_t { mean, median, trimmed_mean };
template <>
inline constexpr std::array<std::string_view, 3> names_of<Aggregate> = {"mean", "median",
                                                                        "trimmed_mean"};
enum class IslandPayload : std::uint8_t { f32, bf16, int8 };
template <>
inline constexpr std::array<std::string_view, 3> names_of<IslandPayload> = {"f32", "bf16", "int8"};

// Training on islands that hardly communicate: local SGD, DiLoCo and streaming DiLoCo
// (docs/islands.md).
struct IslandsConfig {
  int count = 1;                // of equally many ranks each
  std::int64_t sync_every = 0;  // steps between exchanges of a parameter; 0: none, and one island
  double outer_rate = 0.7, outer_momentum = 0.9;
  Aggregate aggregate = Aggregate::mean;
  int trim = 1;                    // values that the trimmed mean leaves out on each side
  int fragments = 1;               // parts of the model that are exchanged in turns
  std::int64_t overlap_steps = 0;  // in which an exchange goes on behind the training
  double mix = 0.0;                // share of an island's own values where it takes the others'
  IslandPayload payload = IslandPayload::f32;
  std::int64_t vote_every = 8;  // steps between votes of all islands

  bool active() const { return sync_every > 0; }
};

using RoleFactors = std::map<std::string, double>;  // by the name of a role (model/param_role.h)

struct TrainConfig {
  std::int64_t steps = 1000;
  std::int64_t seed = 1;
  std::string initial{};  // checkpoint or model folder whose weights step 0 has; empty: random ones
  bool exact = true;      // the same bits on any layout
  FloatFormat precision = FloatFormat::f32;           // of the operands of matrix products
  FloatFormat moments = FloatFormat::f32;             // of AdamW's moments
  ValueFormat values = ValueFormat::f32;              // of matrices
  CodeRounding int8_rounding = CodeRounding::chance;  // of values that are int8 codes
  bool int8_forward = false;                          // linear layers use int8 instead: x W^T,
  bool int8_input_gradient = false;                   // dY W,
  bool int8_weight_gradient = false;                  // and dY^T X
  std::int64_t global_batch_size = 32;                // sequences per step, over all ranks
  BatchRamp batch_ramp{};                             // steps of fewer sequences, up to that many
  std::int64_t micro_batch_size =
      4;  // sequences per forward and backward: the unit of work, fixed on every layout
  double learning_rate = 1e-3;
  double min_learning_rate = 1e-4;  // at the end of the run
  std::int64_t warmup_steps = 0;
  RateSchedule schedule = RateSchedule::cosine;
  std::int64_t decay_steps = 0;  // last steps of wsd, in which the rate falls; 0: a tenth of steps
  DecayShape decay_shape = DecayShape::linear;
  RoleFactors rates{}, decays{};      // of the learning rate and of weight_decay; 1 if not named
  double layer_rate_decay = 1.0;      // factor of the rate from each layer to the one below it
  std::vector<std::string> freeze{};  // roles or patterns of names, of what does not change
  std::int64_t guide_steps = 0;       // first steps in which low-rank layers have dense guides
  bool guide_skips = true;  // leave a guide out with the probability by which it counts less
  MatrixOptimizer optimizer = MatrixOptimizer::adamw;
  double momentum = 0.95;  // of Muon
  GaloreConfig galore{};
  IslandsConfig islands{};
  double weight_decay = 0.1;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double clip_norm = 1.0;               // limit of the global gradient norm; 0: no limit
  std::int64_t checkpoint_every = 500;  // steps; 0: only at the end
  std::int64_t evaluate_every = 0;      // steps; 0: never while training
  std::int64_t patience = 0;     // evaluations without an improvement that end the run; 0: none do
  double min_improvement = 0.0;  // of the validation loss, to be one
  std::int64_t placement_every = 0;  // steps between placements of experts; 0: never
  std::int64_t log_every = 1;
  std::int64_t expert_counts_every = 0;  // steps between counts of every expert's choices; 0: never
  double mtp_weight =
      0.3;  // of the losses of modules of multi-token prediction; 0: they are left out
  std::int64_t recompute_layers = 0;  // first layers that repeat forward in backward
  double load_factor = 1.25;          // even shares of rows that activation buffers hold
};

DType moments_dtype(const TrainConfig& config);

// The precision of the model's products: the head is never int8, routers are f32.
ProductPrecision product_precision(const TrainConfig& config);

// Keeps NaN, Inf and spikes out of the weights (train/guard/guard.h).
struct GuardConfig {
  bool enabled = true;
  double spike_sigma = 6.0;             // deviations above the window's median; 0: no spikes
  std::int64_t window = 128;            // steps compared with; judging starts at a quarter
  std::int64_t skips = 3;               // batches left out in a row before going back
  std::int64_t rewinds = 2;             // times a run goes back
  std::int64_t rewind_checkpoints = 1;  // checkpoints to go back
  std::int64_t compare_every = 1;       // steps between comparisons of replicas; 0: never
  std::int64_t repeat_every = 0;        // steps between steps computed twice; 0: never
};

}  // namespace switchyard
