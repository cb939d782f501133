// Compression: what a recipe says about quantising or pruning the weights of linear layers.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/transform/engine.h"
#include "io/transform/ties.h"
#include "launch/models/recipe_fields.h"
#include "runtime/codes/weight_codes.h"
#include "train/compress/second_order.h"

namespace switchyard {

namespace models {
enum class QuantizeBy : std::uint8_t { nearest, gptq };
enum class PruneBy : std::uint8_t { magnitude, wanda, sparsegpt };
}  // namespace models

template <>
inline constexpr std::array<std::string_view, 2> names_of<models::QuantizeBy> = {"nearest", "gptq"};
template <>
inline constexpr std::array<std::string_view, 3> names_of<models::PruneBy> = {"magnitude", "wanda",
                                                                              "sparsegpt"};
template <>
inline constexpr std::array<std::string_view, 2> names_of<TiesOver> = {"model", "tensor"};
template <>
inline constexpr std::array<std::string_view, 2> names_of<Pattern> = {"any", "2:4"};

namespace models {

struct Compression {
  bool quantizes = false;  // or prunes
  // quantize
  QuantizeBy quantize_by = QuantizeBy::nearest;
  CodeFormat format{8, 0};  // group 0: a whole row
  // prune
  PruneBy prune_by = PruneBy::magnitude;
  double sparsity = 0.0;
  Pattern pattern = Pattern::any;
  TiesOver over = TiesOver::tensor;  // what the smallest magnitudes are chosen from
  // both
  std::vector<std::string> only;  // by chooses_param; empty: every linear layer of the blocks
  double damping = 0.01;

  bool needs_data() const;
  // Whether it changes the tensor of this name, "value/...".
  bool changes(const std::string& name, const Shape& shape) const;
};

// Errors: Exit::usage, as those of Fields.
Compression take_quantize(const Fields& fields);
Compression take_prune(const Fields& fields);

// The tensors of the compressed model. Those that calibration makes have no parts. dtype: of the
// others, or of pruned ones; nothing: that of the model. Errors: Exit::usage for a group that does
// not divide a matrix, or choices that name no weight.
std::vector<TensorPlan> compress_plans(const Compression& compression, std::optional<DType> dtype,
                                       const CheckpointReader& model);

}  // namespace models
}  // namespace switchyard
