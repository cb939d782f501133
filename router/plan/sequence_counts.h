// SequenceCounts: how many rows of each sequence reach this rank's experts, and from which
// micro-batch. Experts that mask rows by sequence or micro-batch need to know; no row carries it.
#pragma once

#include <cstdint>
#include <span>

#include "router/plan/plan.h"
#include "runtime/comm/counts.h"

namespace switchyard {

class SequenceCounts {
 public:
  // Collective over `experts`: the plan's exchange of counts, with a count for each sequence
  // instead of one for all, and the micro-batch's index. routing: on the host. copy: the copy of
  // each expert that serves this rank. plan: with `hosted`.
  SequenceCounts(const Routing& routing, std::span<const std::int32_t> copy,
                 const PlanSequences& sequences, const Plan& plan, Comm& experts, Stream& stream);

  // [source * hosted + slot]: all rows.
  Counts rows() const;
  // Writes them into the plan's segments.
  void describe(Plan& plan) const;

 private:
  std::size_t num_ranks_;
  std::int64_t hosted_, num_sequences_;
  Counts incoming_;  // [source]: the micro-batch's index, then [hosted, sequences]
};

}  // namespace switchyard
