// Transformer: a decoder-only language model with any mix of dense and mixture-of-experts layers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/config.h"
#include "model/head/next_token.h"
#include "model/transformer/forward_watch.h"
#include "model/transformer/step_sums.h"
#include "router/config.h"
#include "router/gate/routing_tape.h"
#include "runtime/batch.h"
#include "runtime/comm/mesh.h"
#include "runtime/params/params.h"

namespace switchyard {

class MoeLayer;

// Of a whole step, over all ranks.
struct StepTokens {
  std::int64_t loss;  // with a target
  std::int64_t text;  // those, and those of prompts, which have none
  StepTokens(std::int64_t all) : loss(all), text(all) {}
  StepTokens(std::int64_t with_loss, std::int64_t all) : loss(with_loss), text(all) {}
};

class Transformer {
 public:
  struct Options {
    std::int64_t vocabulary = 0;
    std::int64_t sequence_length = 0;  // of the longest row
    bool exact = true;
    std::int64_t step_tokens = 1;        // of a full step: fixes the fixed-point scale
    std::int64_t num_micro_batches = 1;  // of a step, over all ranks: bounds the number of addends
    std::uint64_t seed = 1;              // of the gates' noise and hashes
    RoutingTape* tape = nullptr;         // of the gates; the caller owns it
    ForwardWatch* watch = nullptr;       // sees each forward pass; the caller owns it
    ProductPrecision precision{};
    DType moments = DType::f32;  // f32 or bf16: how the optimizer keeps them
    Device device{};             // of the parameters and activations
    // The number of layers, from the first, that keep only their input and their routes from
    // forward to backward, and are then computed again; the bits are the same.
    std::int64_t recompute_layers = 0;
    // Activations are allocated at once, for this multiple of an even share of rows per rank; a
    // fuller micro-batch grows them. 0 allocates them as they are needed.
    double load_factor = 0.0;
    // inference: no gradients and no optimizer state; backward is an error. declared: the
    // parameters have no memory, and nothing can be computed.
    ParamUse use = ParamUse::training;
    std::vector<std::string> freeze{};  // what training leaves as it is, by chooses_param
    bool guided = false;                // low-rank layers have guides (model/linear_terms.h)
    Params::Formats formats{};          // of the weights that inference on a CPU keeps as codes
    ParamStateRule states{};            // what the optimizer keeps; empty: the moments of AdamW
    double mtp_weight = 0.3;  // of the losses of modules of multi-token prediction, in training; 0:
                              // a step leaves the modules out
  };
  // Collective. Allocates parameters for what this rank hosts; values are set by
  // params().initialize or by loading a checkpoint.
  Transformer(const ModelConfig& model, const RouterConfig& router, const Options& options,
              Mesh& mesh);
  ~Transformer();
  Transformer(Transformer&&) noexcept;

  Params& params();
  const ModelConfig& config() const;
  const Options& options() const;
  const RouterConfig& router() const;
  int num_moe_layers() const;
  // The blocks with experts that a step computes: those of layers, by their indices, and then those
  // of modules of multi-token prediction (num_blocks).
  std::vector<int> moe_layers() const;
  MoeLayer& moe_layer(int layer);              // layer: one of moe_layers()
  const std::string& exchange_choice() const;  // which exchange serves the layers, and why
  std::string exchange_name() const;  // of the one that serves them now; empty without MoE layers
  std::int64_t travelling_row_bytes() const;  // of a row between ranks
  const FixedPoint& loss_format() const;
  StepSums empty_sums() const;
  struct ActivationMemory {
    std::int64_t held = 0, used = 0;  // bytes, scratch included; used: by the fullest micro-batch
  };
  ActivationMemory activation_memory() const;

  // Collective over the expert group, for empty batches too. The batch is on the host; its tokens
  // are a multiple of row_tile. The model keeps the micro-batch's activations until the next
  // forward; the following calls are about that micro-batch, which the caller keeps.
  void forward(const Batch& batch, Stream& stream);
  // A forward pass in pieces, for a walk (model/transformer/layer_walk.h): the embeddings of a
  // batch, and a layer's output, shown to `watch` unless that is null. x, out: [T, hidden] on the
  // host. forward_layer is collective over the expert group, for empty batches too. Neither leaves
  // anything for the calls below.
  void embed(const Batch& batch, Tensor out, Stream& stream);
  void forward_layer(std::size_t layer, const Batch& batch, Tensor x, Tensor out,
                     ForwardWatch* watch, Stream& stream);
  // Collective. Adds to the gradients and to `sums`. The loss is a mean over the tokens with a
  // target, the losses of gates are one over the text. Modules of multi-token prediction are
  // computed here, forward and backward.
  void backward(StepTokens of_step, StepSums& sums, Stream& stream);
  // Adds the batch's cross-entropy, divided by loss_tokens, to sums.loss, without gradients.
  // Returns what each of its sequences adds.
  std::vector<double> evaluate(std::int64_t loss_tokens, StepSums& sums, Stream& stream);
  // Logits of the batch's tokens from `first` on. out: [tokens, V].
  void logits(std::int64_t first, Tensor out, Stream& stream);
  // What the model says of tokens that may follow rows of the batch; none for an empty batch. Its
  // logits are divided by the temperature.
  std::vector<NextTokenScore> scores(std::span<const NextToken> asked, Stream& stream,
                                     double temperature = 1.0);
  // If the batch is one row: text `text` of the past becomes the row's first `length` tokens.
  void remember(std::int64_t text, std::int64_t length, Past& past, Stream& stream) const;

  void zero_gradients(Stream& stream);
  // See Params::gradient_overflow.
  bool gradient_overflow(Stream& stream) const;

  // Lets the gates learn from a step that was taken. sums: of all ranks.
  void finish_step(const StepSums& sums);
  // Returns what the gates keep from step to step, by global name; the same on all ranks.
  std::vector<std::pair<std::string, Tensor>> gate_state();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace switchyard
