// MtpModules: multi-token prediction as DeepSeek-V3 trains it (arXiv:2412.19437, section 2.2).
// Module k = 1, 2, ... follows the one before it, or the model's last layer, and predicts from
// h_{k-1} at position i the token at i + k + 1:
//   x_k = P_k [norm(h_{k-1}); norm(embedding of t[i + k])],  h_k = block_k(x_k),
// and its own norm of h_k goes through the model's head. Norms, P_k and block are the module's;
// embedding and head are the model's. h_0 is the residual stream before the final norm. P_k is held
// as its two halves, [hidden, hidden] each. Inference computes no module.
#pragma once

#include <optional>
#include <vector>

#include "model/head/loss_head.h"
#include "model/norm/norm.h"
#include "model/transformer/layer_stack.h"
#include "model/transformer/mtp_rows.h"
#include "model/transformer/step_sums.h"
#include "runtime/params/linear.h"

namespace switchyard {

class MtpModules {
 public:
  // Declares what the modules have besides their blocks, which are those of the LayerStack after
  // the model's layers: "mtp0.hidden_norm", "mtp0.hidden_projection", "mtp0.embedding_norm",
  // "mtp0.embedding_projection" and "mtp0.final_norm" of the first one.
  MtpModules(Params& params, ParamId embedding, const LossHead& head, const ModelConfig& model);

  // A micro-batch of a training step.
  struct Step {
    const LayerStack::Run& run;
    LayerStack& layers;
    const Batch& on_host;  // as run.batch
    std::int64_t loss_tokens;
    double share;   // of the gates' losses, see Gate::backward
    double weight;  // of the mean over the modules of their losses
  };
  // Collective over the expert group, for T = 0 too. h: [T, hidden], h_0. Computes all modules
  // forward and backward: adds their gradients and their losses, and to d, the gradient by h, what
  // comes from them. losses: of the gates of all blocks; those of the modules are filled in. What
  // the modules take lasts as long as the micro-batch.
  void train(const Step& step, Tensor h, Tensor d, StepSums& sums,
             std::vector<AuxiliaryLosses>& losses);

 private:
  struct Module {
    Norm hidden_norm, embedding_norm;
    Linear hidden_projection, embedding_projection;
    LossHead head;
  };
  struct Saved {
    std::optional<MtpRows> rows;  // on the host; nothing for an empty batch
    Batch batch;                  // with these
    Tensor h, embedded, out;      // h_{k-1}; the embedding; h_k
    Norm::Saved hidden_norm, embedding_norm, final_norm;
  };
  std::size_t block(std::size_t module) const { return first_block_ + module; }
  void forward(const Step& step, std::size_t module);
  void project(const Step& step, const Module& module, const Saved& saved, Tensor x) const;
  void backward(const Step& step, const Module& module, const Saved& saved, Tensor d,
                Tensor d_h) const;
  // rows *= the mask of the embeddings, or of their gradients.
  void drop(const Step& step, std::size_t module, Tensor rows) const;

  ParamId embedding_;
  std::size_t first_block_;
  std::vector<Module> modules_;
  std::vector<Saved> saved_;
};

}  // namespace switchyard
