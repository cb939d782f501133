// Dropout: what a run drops in training, and the masks that do so. Each is a function of (seed,
// step, name, number, element), never of a rank. docs/regularise.md has the forms.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/device/stream.h"
#include "runtime/masks/mask_law.h"
#include "runtime/masks/mask_stream.h"
#include "runtime/names.h"
#include "runtime/tensor.h"

namespace switchyard {

// Who shares a mask of weights: the rows of a packed sequence (PerNodeDrop, arXiv:2512.12663), or
// of a step (DropConnect, Wan et al., ICML 2013, per batch). fixed: of all steps, which leaves
// weights out for good (train/step/fixed_masks.h).
enum class MaskShare : std::uint8_t { sequence, step, fixed };
template <>
inline constexpr std::array<std::string_view, 3> names_of<MaskShare> = {"sequence", "step",
                                                                        "fixed"};

// The [dropout] table; rates in [0, 1).
struct DropoutConfig {
  double weights = 0.0;  // of the matrices of feed-forward networks
  MaskKind weights_kind = MaskKind::drop;
  MaskShare weights_share = MaskShare::sequence;
  std::vector<std::int64_t> layers{};  // whose weights; empty: of every layer
  double ffn = 0.0;                    // what a network's last matrix reads
  double residual = 0.0;               // what attention and networks add to the residual stream
  double embedding = 0.0;

  bool masks_weights(std::int64_t layer) const;  // anew in each step
  bool fixes_weights(std::int64_t layer) const;  // once
  bool any() const { return weights > 0 || ffn > 0 || residual > 0 || embedding > 0; }
};

class Dropout {
 public:
  Dropout(const DropoutConfig& config, std::uint64_t seed, std::int64_t num_sequences)
      : config_(config), seed_(seed), num_sequences_(num_sequences) {}

  const DropoutConfig& config() const { return config_; }
  std::int64_t num_sequences() const { return num_sequences_; }  // of a micro-batch

  const MaskLaw& of_weights() const { return weights_; }
  // name: of the matrix. number: of the sequence in the step, where sequences have their own masks.
  MaskStream weight_mask(std::int64_t step, std::uint64_t name, std::uint64_t number) const;

  // For the whole run: that of step 2^64 - 1.
  MaskStream fixed_mask(std::uint64_t name) const { return weight_mask(-1, name, 0); }

  const MaskLaw& of_ffn() const { return ffn_; }
  const MaskLaw& of_residual() const { return residual_; }
  const MaskLaw& of_embedding() const { return embedding_; }
  // Masks rows of activations. number: of their micro-batch in the step, within which element 0 is
  // that of the first row.
  void drop(const MaskLaw& law, std::int64_t step, std::uint64_t name, std::int64_t number,
            Tensor in, Tensor out, Stream& stream) const;

 private:
  DropoutConfig config_;
  std::uint64_t seed_;
  std::int64_t num_sequences_;
  MaskLaw weights_{config_.weights_kind, config_.weights};
  MaskLaw ffn_{MaskKind::drop, config_.ffn}, residual_{MaskKind::drop, config_.residual},
      embedding_{MaskKind::drop, config_.embedding};
};

}  // namespace switchyard
