// ParamRegion: parameters that the same ranks hold, one after the other in one flat buffer per kind
// (values, gradients, moments).
//
// Frozen parameters have regions that are never trained: values alone, without gradients or
// moments.
//
// A trained region's optimizer state is sharded over its replicas (ZeRO-1, arXiv:1910.02054): each
// block has one owner among them (runtime/params/ownership.h), which alone keeps the block's
// state, updates it, and counts it in the norm. All replicas hold values and gradients. A region of
// whole parameters has them in the order of their owners.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/device/stream.h"
#include "runtime/params/ownership.h"
#include "runtime/params/param_state.h"
#include "runtime/tensor.h"

namespace switchyard {

// The axis of the mesh along which ranks hold the same: dense parameters are the same over the
// whole world, experts at one place of every expert group.
enum class ReplicaAxis : std::uint8_t { world, replicas };

// How the parameters of a region are owned: block by block, each by one replica, or by nobody.
// packed: whole, and their values are int8 codes (runtime/params/packed_params.cpp).
enum class Owning : std::uint8_t { blocks, whole, frozen, packed };
constexpr bool owns_whole(Owning owning) {
  return owning == Owning::whole || owning == Owning::packed;
}

// The words that a packed matrix [rows, columns] takes: its scales, and its codes.
inline std::int64_t packed_words(const Shape& shape) { return shape[0] + (shape.size() + 3) / 4; }

// The elements of the whole blocks that `num_elements` elements take.
constexpr std::int64_t in_blocks(std::int64_t num_elements) {
  return (num_elements + param_block - 1) / param_block * param_block;
}

class ParamRegion {
 public:
  explicit ParamRegion(ReplicaAxis axis, Owning owning = Owning::blocks)
      : axis_(axis), owning_(owning) {}

  // Before allocation: the offset of the next parameter, which takes whole blocks.
  std::int64_t append(std::int64_t num_elements);
  // The same of the words of its values, in a packed region.
  std::int64_t append_words(std::int64_t num_words);
  // Of whole parameters: the next replica owns what was appended since the last one's.
  void end_part() {
    part_ends_.push_back(size_);
    word_ends_.push_back(words_);
  }
  // Values alone, in f32: nobody trains them. Once.
  void allocate(Replicas replicas, Device device);
  // What training adds to them: all gradients, and the state of what this rank owns. sizes:
  // elements of it by StatePart.
  using StateSizes = std::array<std::int64_t, all_state_parts.size()>;
  void allocate_training_state(DType gradients, DType state, const StateSizes& sizes);

  ReplicaAxis axis() const { return axis_; }
  Owning owning() const { return owning_; }
  bool frozen() const { return owning_ == Owning::frozen; }
  std::int64_t size() const { return size_; }  // elements, the rest of each last block included
  bool trained() const { return trained_; }

  const Replicas& replicas() const { return replicas_; }
  // The elements of the region that a replica owns. Without index: this rank.
  ElementRange owned(int index) const;
  ElementRange owned() const { return owned(replicas_.index); }
  std::vector<std::int64_t> owned_sizes() const;  // of all replicas, in order
  // The same of elements of values(), which in a packed region are words of any bits.
  std::vector<std::int64_t> owned_value_sizes() const;

  Tensor values() const { return values_; }
  // Empty unless trained: gradients as they are summed, and the state of owned().
  Tensor gradients() const { return gradients_; }
  Tensor owned_gradients() const { return gradients().range(owned().begin, owned().end); }
  Tensor state(StatePart part) const { return state_[static_cast<std::size_t>(part)]; }

  // A copy of the values in bf16, as they are now. On a GPU.
  void round(Stream& stream);
  Tensor rounded() const { return rounded_; }

  std::int64_t bytes() const;  // of all buffers

 private:
  ReplicaAxis axis_;
  Owning owning_;
  std::vector<std::int64_t> part_ends_,
      word_ends_;  // of whole parameters: where each replica's end
  Replicas replicas_;
  std::int64_t size_ = 0, words_ = 0;
  bool trained_ = false;
  Buffer values_, gradients_;
  std::array<Buffer, all_state_parts.size()> state_;
  Buffer rounded_;  // allocated when first asked for
};

}  // namespace switchyard
