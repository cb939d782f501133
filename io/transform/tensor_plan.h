// TensorPlan: how one tensor of a new model is made of tensors of other models. Plans are pure
// data, a function of a recipe and of the names and shapes of the sources; io/transform/engine.h
// runs them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/model_folder/model_writer.h"

namespace switchyard {

// Where the elements of a part lie in a tensor of a source: one after the other from `begin` on, or
// with a `run` in pieces of `run` elements, each `stride` after the one before: some columns of a
// matrix.
struct PartInput {
  std::size_t source = 0;
  std::string name;
  std::int64_t begin = 0;
  std::int64_t run = 0, stride = 0;
};

// Some elements of a part, with those of each input at the same places.
struct Unit {
  std::vector<std::span<const float>> inputs;  // as the part lists them, each of `size`
  std::int64_t begin = 0;                      // the first element's place in the part
  std::size_t size = 0;
};

// Computes elements of a part. Each depends on the inputs of its step (TensorPart) and on its place
// alone, so that no cut into units changes a bit. Sums are in f64, and each result is rounded once.
class UnitOp {
 public:
  virtual ~UnitOp() = default;
  virtual void apply(const Unit& unit, std::span<float> out) const = 0;
  // True if the result is the first input: then bytes of equal types pass as they are.
  virtual bool copies() const { return false; }
};

// What has to be counted over all inputs before the first output: histograms for a threshold. Its
// counts are integers, so that they are the same whoever counted what.
class Counting {
 public:
  virtual ~Counting() = default;
  // The counters of the next pass, all 0; empty: everything is known.
  virtual std::span<std::int64_t> next_pass() = 0;
  virtual void count(const Unit& unit) = 0;
  // The counters hold the sums over all units.
  virtual void end_pass() = 0;
  virtual int num_passes() const = 0;  // of all
};

// The next elements of a tensor, made by one op.
struct TensorPart {
  std::int64_t size = 0;  // of each input
  std::vector<PartInput> inputs;
  std::shared_ptr<const UnitOp> op;
  // The op makes `made` elements of every `step` elements of the inputs, and gets whole steps.
  std::int64_t step = 1, made = 1;
};

struct TensorPlan {
  ModelTensor tensor;
  std::vector<TensorPart> parts;         // one after the other they are the tensor
  std::shared_ptr<Counting> counting{};  // of this tensor, or shared by several; may be null
  std::int64_t bytes_read_whole = 0;     // that ops read of the sources by themselves

  std::int64_t bytes_read(std::span<const CheckpointReader* const> sources) const;  // by a pass
};

}  // namespace switchyard
