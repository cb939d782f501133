// A model out of a checkpoint, on any number of ranks: what `evaluate` and `sample` need. It takes
// nothing but the checkpoint, and keeps nothing that only training needs.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/tokens/tokenizer.h"
#include "launch/config/config.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"

namespace switchyard {

class RestoredModel {
 public:
  // Collective. path: a checkpoint, or a run directory for its newest good one. sets: of [run]; the
  // model computes on the CPU unless they say otherwise, whatever wrote the checkpoint. With
  // train.exact the ranks agree on their arithmetic, tested with the products of forward alone:
  // results are the same on any layout. Where the library repeats the bits of those, but not those
  // of backward, training does without it, so that its validation losses have other bits.
  // watch: sees each forward pass; the caller owns it. Errors: agreed.
  RestoredModel(const std::filesystem::path& path, const std::vector<std::string>& sets,
                std::unique_ptr<Comm> world, ForwardWatch* watch = nullptr);

  const Config& config() const { return config_; }
  const CheckpointReader& checkpoint() const { return *checkpoint_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  Mesh& mesh() { return *mesh_; }
  Stream& stream() { return *stream_; }
  Transformer& model() { return *model_; }

 private:
  std::optional<CheckpointReader> checkpoint_;
  Config config_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::optional<Stream> stream_;
  std::optional<Mesh> mesh_;
  std::optional<Transformer> model_;
};

}  // namespace switchyard
