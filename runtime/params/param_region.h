// ParamRegion: parameters that the same ranks hold, one after the other in one flat buffer per kind
// (values, gradients, moments).
//
// Frozen parameters have regions that are never trained: values alone, without gradients or
// moments.
//
// A trained region's optimizer state is sharded over its replicas (ZeRO-1, arXiv:1910.02054): each
// block has one owner among them (runtime/params/ownership.h), which alone keeps the block's
// moments, updates it, and counts it in the norm. All replicas hold values and gradients.
#pragma once

#include <cstdint>

#include "runtime/device/stream.h"
#include "runtime/params/ownership.h"
#include "runtime/tensor.h"

namespace switchyard {

// The axis of the mesh along which ranks hold the same: dense parameters are the same over the
// whole world, experts at one place of every expert group.
enum class ReplicaAxis : std::uint8_t { world, replicas };

class ParamRegion {
 public:
  explicit ParamRegion(ReplicaAxis axis, bool frozen = false) : axis_(axis), frozen_(frozen) {}

  // Before allocation: the offset of the next parameter, which takes whole blocks.
  std::int64_t append(std::int64_t num_elements);
  // Values alone, in f32: nobody trains them. Once.
  void allocate(Replicas replicas, Device device);
  // What training adds to them: all gradients, and the moments of what this rank owns.
  void allocate_training_state(DType gradients, DType moments);

  ReplicaAxis axis() const { return axis_; }
  bool frozen() const { return frozen_; }
  std::int64_t size() const { return size_; }  // elements, the rest of each last block included
  bool trained() const { return trained_; }

  const Replicas& replicas() const { return replicas_; }
  // The elements of the region that a replica owns. Without index: this rank.
  ElementRange owned(int index) const { return owned_part(size_, {index, replicas_.count}); }
  ElementRange owned() const { return owned(replicas_.index); }

  Tensor values() const { return values_; }
  // Empty unless trained: gradients as they are summed, and the moments of owned().
  Tensor gradients() const { return gradients_; }
  Tensor owned_gradients() const { return gradients().range(owned().begin, owned().end); }
  Tensor first_moments() const { return first_moments_; }
  Tensor second_moments() const { return second_moments_; }

  // A copy of the values in bf16, as they are now. On a GPU.
  void round(Stream& stream);
  Tensor rounded() const { return rounded_; }

  std::int64_t bytes() const;  // of all buffers

 private:
  ReplicaAxis axis_;
  bool frozen_;
  Replicas replicas_;
  std::int64_t size_ = 0;
  bool trained_ = false;
  Buffer values_, gradients_, first_moments_, second_moments_;
  Buffer rounded_;  // allocated when first asked for
};

}  // namespace switchyard
