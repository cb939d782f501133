#include "router/plan/sequence_counts.h"

#include <algorithm>
#include <numeric>

namespace switchyard {
namespace {

// [copies, sequences]: the choices that were kept.
Counts count_choices(const Routing& routing, std::span<const std::int32_t> copy,
                     std::int64_t num_copies, std::int64_t num_sequences) {
  Counts counts(to_index(num_copies * num_sequences));
  if (routing.expert.empty()) return counts;
  const std::int64_t of_sequence = routing.expert.size() / num_sequences;
  const auto* expert = routing.expert.as<std::int32_t>();
  for (std::int64_t pair = 0; pair < routing.expert.size(); ++pair)
    if (expert[pair] >= 0)
      ++counts[to_index(copy[to_index(expert[pair])] * num_sequences + pair / of_sequence)];
  return counts;
}

}  // namespace

SequenceCounts::SequenceCounts(const Routing& routing, std::span<const std::int32_t> copy,
                               const PlanSequences& sequences, const Plan& plan, Comm& experts,
                               Stream& stream)
    : num_ranks_(plan.hosted.size()),
      hosted_(plan.hosted[to_index(experts.rank())]),
      num_sequences_(sequences.count) {
  const Counts counts = count_choices(routing, copy, std::ssize(plan.outgoing), num_sequences_);
  Counts outgoing, send;
  auto next = counts.begin();
  for (const std::int64_t hosted : plan.hosted) {
    outgoing.push_back(sequences.micro_batch);
    outgoing.insert(outgoing.end(), next, next + hosted * num_sequences_);
    next += hosted * num_sequences_;
    send.push_back(1 + hosted * num_sequences_);
  }
  const Counts receive(num_ranks_, 1 + hosted_ * num_sequences_);
  incoming_.resize(to_index(total_of(receive)));
  experts.all_to_all_rows(tensor_of(outgoing.data(), {std::ssize(outgoing), 1}), send,
                          tensor_of(incoming_.data(), {std::ssize(incoming_), 1}), receive, stream);
}

Counts SequenceCounts::rows() const {
  Counts rows;
  auto next = incoming_.begin();
  for (std::size_t source = 0; source < num_ranks_; ++source) {
    ++next;
    for (std::int64_t slot = 0; slot < hosted_; ++slot, next += num_sequences_)
      rows.push_back(std::accumulate(next, next + num_sequences_, std::int64_t{0}));
  }
  return rows;
}

void SequenceCounts::describe(Plan& plan) const {
  auto next = incoming_.begin();
  for (std::size_t source = 0; source < num_ranks_; ++source) {
    const std::int64_t micro_batch = *next++;
    for (std::int64_t slot = 0; slot < hosted_; ++slot, next += num_sequences_) {
      Segment& segment = plan.segments[to_index(slot) * num_ranks_ + source];
      segment.micro_batch = micro_batch;
      segment.sequences.assign(next, next + num_sequences_);
    }
  }
}

}  // namespace switchyard
