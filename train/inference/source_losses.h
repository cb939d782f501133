// The loss of an evaluation by source of the dataset.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/loader/loader.h"
#include "runtime/comm/comm.h"
#include "runtime/exact_sum.h"
#include "train/step_report.h"

namespace switchyard {

// Sums are integers, as those of the whole loss: any layout gives the same bits.
class SourceLosses {
 public:
  // The caller keeps both.
  SourceLosses(const Loader& loader, const FixedPoint& format);

  // A micro-batch of loader.pass(step), and what Transformer::evaluate returned for it.
  void add(std::int64_t step, const Batch& batch, std::span<const double> of_sequences);
  // Collective. Of each source that has targets, in the order of loader.source_names().
  std::vector<SourceLoss> gather(Comm& world, Stream& stream);

 private:
  const Loader& loader_;
  const FixedPoint& format_;
  std::vector<std::int64_t> sums_;  // of each source: its loss in fixed point, and its targets
};

}  // namespace switchyard
