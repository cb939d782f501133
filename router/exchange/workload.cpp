#include "router/exchange/workload.h"

#include <algorithm>
#include <numeric>

#include "runtime/random.h"

namespace switchyard {
namespace {

constexpr std::int64_t burst_every = 8;
constexpr double hot_share = 0.5;  // of the choices, besides the hot set's part of the other half

}  // namespace

DrawnRouting::DrawnRouting(std::vector<std::int32_t> experts, int top_k, int num_experts)
    : expert(std::move(experts)) {
  const Shape shape{std::ssize(expert) / top_k, top_k};
  for (std::size_t pair = 0; pair < expert.size(); ++pair)
    weight.push_back(1.0F / static_cast<float>(2 + pair % static_cast<std::size_t>(top_k)));
  routing.expert = tensor_of(expert.data(), shape);
  routing.weight = tensor_of(weight.data(), shape);
  routing.counts.assign(static_cast<std::size_t>(num_experts), 0);
  for (const std::int32_t e : expert) {
    if (e >= 0) ++routing.counts[static_cast<std::size_t>(e)];
  }
}

Workload::Workload(const std::string& name, const WorkloadShape& shape)
    : name_(name), shape_(shape) {
  std::string names;
  bool known = false;
  for (const Kind& kind : kinds()) {
    known |= kind.name == name;
    names += (names.empty() ? "" : ", ") + kind.name;
  }
  require(known, Exit::usage, "there is no workload {}: choose from {}", name, names);
  require(shape.top_k >= 1 && shape.top_k <= shape.num_experts, Exit::usage,
          "{} choices among {} experts: choose k between 1 and the number of experts", shape.top_k,
          shape.num_experts);
}

const std::vector<Workload::Kind>& Workload::kinds() {
  static const std::vector<Kind> all = {
      {"balanced", "every expert gets the same number of tokens (exactly where k divides experts)"},
      {"zipf", "the n-th most popular expert is chosen 1/n as often as the first"},
      {"hot_expert", "one expert takes half of the choices"},
      {"hot_rank", "the experts of rank 0 take half of the choices"},
      {"hot_node", "the experts of the first node take half of the choices"},
      {"ragged", "balanced, but rank r has tokens in proportion to r + 1"},
      {"empty_rank", "balanced, but the last rank has no tokens"},
      {"rotating", "as hot_expert, with another expert every step"},
      {"burst", "balanced, but every eighth step is as hot_rank"}};
  return all;
}

std::int64_t Workload::tokens(int rank) const {
  if (name_ == "empty_rank" && shape_.num_ranks > 1 && rank == shape_.num_ranks - 1) return 0;
  if (name_ != "ragged") return shape_.tokens;
  const std::int64_t tokens = shape_.tokens * 2 * (rank + 1) / (shape_.num_ranks + 1);
  return tokens / row_tile * row_tile;
}

std::vector<double> Workload::shares(std::int64_t step) const {
  const Placement placement(shape_.num_experts, shape_.num_ranks);
  const auto rank_shares = [&](int ranks) {
    const int hot = std::max(1, placement.first_replica(std::min(ranks, shape_.num_ranks)));
    std::vector<double> share(static_cast<std::size_t>(shape_.num_experts),
                              (1.0 - hot_share) / shape_.num_experts);
    for (int e = 0; e < hot; ++e) share[static_cast<std::size_t>(e)] += hot_share / hot;
    return share;
  };
  const auto expert_shares = [&](std::int64_t hot) {
    std::vector<double> share(static_cast<std::size_t>(shape_.num_experts),
                              (1.0 - hot_share) / shape_.num_experts);
    share[static_cast<std::size_t>(hot % shape_.num_experts)] += hot_share;
    return share;
  };
  if (name_ == "hot_rank" || (name_ == "burst" && step % burst_every == burst_every - 1))
    return rank_shares(1);
  if (name_ == "hot_node") return rank_shares(shape_.ranks_per_node);
  if (name_ == "hot_expert") return expert_shares(0);
  if (name_ == "rotating") return expert_shares(step * 7);
  if (name_ != "zipf") return {};
  std::vector<double> share;
  for (int e = 0; e < shape_.num_experts; ++e) {
    // Popular experts are spread over the ranks: the n-th most popular expert is not number n.
    const std::int64_t place = (std::int64_t{e} * 7919) % shape_.num_experts;
    share.push_back(1.0 / static_cast<double>(1 + place));
  }
  return share;
}

// Cuts whole permutations of the experts into tokens: a token has an expert at most once.
void Workload::draw_balanced(int rank, std::int64_t step,
                             std::vector<std::int32_t>& experts) const {
  const Random random(shape_.seed, Purpose::data_order,
                      static_cast<std::uint64_t>(step * shape_.num_ranks + rank));
  const std::int64_t per_shuffle = shape_.num_experts / shape_.top_k;
  std::vector<std::int32_t> order(static_cast<std::size_t>(shape_.num_experts));
  std::iota(order.begin(), order.end(), 0);
  std::uint64_t drawn = 0;
  for (std::int64_t t = 0, end = tokens(rank); t < end; ++t) {
    if (t % per_shuffle == 0) {
      for (std::size_t i = order.size() - 1; i > 0; --i) {
        const double u = random.uniform(drawn++);
        std::swap(order[i], order[static_cast<std::size_t>(u * static_cast<double>(i + 1))]);
      }
    }
    const auto begin = order.begin() + t % per_shuffle * shape_.top_k;
    experts.insert(experts.end(), begin, begin + shape_.top_k);
  }
}

void Workload::draw_skewed(int rank, std::int64_t step, std::vector<std::int32_t>& experts) const {
  const Random random(shape_.seed, Purpose::data_order,
                      static_cast<std::uint64_t>(step * shape_.num_ranks + rank));
  std::vector<double> upto = shares(step);
  std::partial_sum(upto.begin(), upto.end(), upto.begin());
  constexpr int patience = 16;  // draws, then the next free expert
  std::uint64_t drawn = 0;
  for (std::int64_t t = 0, end = tokens(rank); t < end; ++t) {
    const std::size_t first = experts.size();
    for (int c = 0; c < shape_.top_k; ++c) {
      std::int32_t e = 0;
      const auto taken = [&] {
        return std::find(experts.begin() + static_cast<std::ptrdiff_t>(first), experts.end(), e) !=
               experts.end();
      };
      for (int i = 0; i < patience && (i == 0 || taken()); ++i) {
        const double u = random.uniform(drawn++) * upto.back();
        const auto found = std::upper_bound(upto.begin(), upto.end() - 1, u);
        e = static_cast<std::int32_t>(found - upto.begin());
      }
      while (taken()) e = (e + 1) % shape_.num_experts;
      experts.push_back(e);
    }
  }
}

DrawnRouting Workload::draw(int rank, std::int64_t step) const {
  std::vector<std::int32_t> experts;
  if (shares(step).empty()) {
    draw_balanced(rank, step, experts);
  } else {
    draw_skewed(rank, step, experts);
  }
  return {std::move(experts), shape_.top_k, shape_.num_experts};
}

}  // namespace switchyard
