// Model folders: committed folders that hold a model and nothing of its training, in the files of a
// checkpoint, which CheckpointReader reads (docs/file-formats.md). The writer takes tensors in
// pieces, so that its memory does not depend on the model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/snapshot.h"
#include "io/model_folder/tensor_sink.h"
#include "runtime/comm/comm.h"
#include "runtime/tensor.h"

namespace switchyard {

struct ModelTensor {
  std::string name;  // "value/layer3.expert17.up", "gate/layer3.bias"
  Shape shape;
  // bf16: values are rounded once, to nearest even; i8 and u8: they are whole numbers.
  DType dtype = DType::f32;
  std::int64_t bytes() const { return shape.size() * bytes_of(dtype); }
};

// The places of the tensors that this rank makes, ascending: dealt by bytes (deal.h).
std::vector<std::size_t> dealt_to(const std::vector<ModelTensor>& tensors, const Comm& world);
std::vector<std::int64_t> dims_of(const Shape& shape);

// What a model folder holds beside its tensors.
struct ModelDescription {
  nlohmann::json meta;                 // {"config", "tokenizer", "lineage"}, as a checkpoint's meta
  std::optional<std::int64_t> step{};  // of the training that it comes from
  std::vector<NamedFile> files{};      // the tokenizer's model, if it has one
  // What the tensors are made of, in any words. A writer with the same ones and the same tensors
  // goes on from the files that a killed one finished; empty: it begins anew.
  std::string work{};
  std::int64_t file_bytes = std::int64_t{1} << 29;  // of a file of tensors, about
};

class ModelWriter final : public TensorSink {
 public:
  // Collective. Begins the folder, which must not exist, but for what a writer left that was killed
  // there: what it finished of the same work is checked and kept, and the rest replaced. All ranks
  // pass the same tensors, and each writes those dealt to it by bytes (io/model_folder/deal.h). The
  // caller keeps world. Errors: agreed; Exit::usage for a folder that holds anything else,
  // Exit::busy if another writer works on it, Exit::storage.
  ModelWriter(std::filesystem::path folder, std::vector<ModelTensor> tensors,
              ModelDescription description, Comm& world);
  // Removes what was not committed.
  ~ModelWriter() override;
  ModelWriter(const ModelWriter&) = delete;
  ModelWriter& operator=(const ModelWriter&) = delete;

  const std::vector<ModelTensor>& tensors() const { return tensors_; }
  // How many tensors a killed writer had finished, on all ranks.
  std::int64_t num_kept() const { return num_kept_; }
  // The places in tensors() of those that this rank writes, ascending.
  const std::vector<std::size_t>& mine() const override { return mine_; }
  DType dtype(std::size_t tensor) const override { return tensors_.at(tensor).dtype; }

  // Not collective. Writes the next elements of a tensor of mine(). Each is written whole before
  // another begins; the order does not matter. Errors: Exit::internal for a tensor of another rank,
  // or for one that begins too early; Exit::storage.
  void append_bytes(std::size_t tensor, std::span<const std::byte> bytes) override;

  // Collective. The folder exists for readers once this returns. Errors: agreed; Exit::internal
  // naming a tensor that was not written whole; Exit::storage.
  void commit();

 private:
  struct State;
  void begin_tensor(std::size_t index);

  std::filesystem::path folder_;
  std::vector<ModelTensor> tensors_;
  std::vector<std::size_t> mine_;
  std::int64_t num_kept_ = 0;
  Comm& world_;
  std::unique_ptr<State> state_;
};

}  // namespace switchyard
