#include "experts/step_placement.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "runtime/comm/counts.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

// The rows that some ranks' tokens want of `expert` go from rank `from` to rank `to`.
struct RowMove {
  int expert = 0, from = 0, to = 0;
  std::vector<int> sources;
  std::int64_t rows = 0, copy_cost = 0;  // of both ranks; 0 if `to` has the expert
  std::int64_t max_cost = 0;             // the larger one of the two ranks' afterwards
};

class Search {
 public:
  Search(const Placement& now, std::span<const std::int64_t> rows,
         const StepConstraints& constraints)
      : now_(now),
        rows_(rows),
        constraints_(constraints),
        cost_(to_index(now.num_ranks()), 0),
        guests_(to_index(now.num_ranks())) {
    for (int source = 0; source < now.num_ranks(); ++source) {
      for (int expert = 0; expert < now.num_experts(); ++expert) {
        server_.push_back(now.rank_of(now.replica_for(expert, source)));
        cost_[to_index(server_.back())] += rows_of(source, expert) * constraints.costs.row;
      }
    }
  }

  std::int64_t max_cost() const { return *std::max_element(cost_.begin(), cost_.end()); }
  std::int64_t max_rows() const {
    Counts sums(cost_.size(), 0);
    for (std::size_t i = 0; i < server_.size(); ++i) sums[to_index(server_[i])] += rows_[i];
    return *std::max_element(sums.begin(), sums.end());
  }

  // The move that relieves the busiest rank the most, if one does.
  std::optional<RowMove> best_move() const {
    const int from = static_cast<int>(std::max_element(cost_.begin(), cost_.end()) - cost_.begin());
    std::vector<int> others(cost_.size());
    std::iota(others.begin(), others.end(), 0);
    std::stable_sort(others.begin(), others.end(),
                     [&](int a, int b) { return cost_[to_index(a)] < cost_[to_index(b)]; });
    std::optional<RowMove> best;
    for (const int expert : now_.hosted(from)) {
      for (const int to : idlest_hosts(expert, from, others)) {
        const RowMove move = move_of(expert, from, to);
        const std::int64_t least = best ? best->max_cost : cost_[to_index(from)];
        if (move.rows > 0 && move.max_cost < least) best = move;
      }
    }
    return best;
  }

  void apply(const RowMove& move) {
    if (!serves(move.to, move.expert))
      guests_[to_index(move.to)].push_back({move.to, move.expert, move.from});
    for (const int source : move.sources) server_[index_of(source, move.expert)] = move.to;
    cost_[to_index(move.from)] += move.copy_cost - move.rows * constraints_.costs.row;
    cost_[to_index(move.to)] += move.copy_cost + move.rows * constraints_.costs.row;
  }

  StepPlacement result() const {
    StepPlacement placement;
    for (const std::vector<Visit>& of_rank : guests_)
      placement.visits.insert(placement.visits.end(), of_rank.begin(), of_rank.end());
    placement.server = server_;
    placement.max_rows = max_rows();
    return placement;
  }

 private:
  std::size_t index_of(int source, int expert) const {
    return to_index(std::int64_t{source} * now_.num_experts() + expert);
  }
  std::int64_t rows_of(int source, int expert) const { return rows_[index_of(source, expert)]; }
  bool serves(int rank, int expert) const {
    const std::span<const int> hosted = now_.hosted(rank);
    const std::vector<Visit>& guests = guests_[to_index(rank)];
    return std::find(hosted.begin(), hosted.end(), expert) != hosted.end() ||
           std::any_of(guests.begin(), guests.end(),
                       [&](const Visit& visit) { return visit.expert == expert; });
  }
  bool near(int a, int b) const {
    return constraints_.node_of[to_index(a)] == constraints_.node_of[to_index(b)];
  }

  // The rank of this node, and the one of the others, that can serve the expert and have the least
  // to do. others: by cost.
  std::vector<int> idlest_hosts(int expert, int from, const std::vector<int>& others) const {
    std::vector<int> hosts;
    bool has_near = false, has_far = false;
    for (const int rank : others) {
      bool& has = near(rank, from) ? has_near : has_far;
      const bool has_room =
          std::ssize(guests_[to_index(rank)]) < constraints_.guest_slots || serves(rank, expert);
      if (rank == from || has || !has_room) continue;
      has = true;
      hosts.push_back(rank);
      if (has_near && has_far) break;
    }
    return hosts;
  }

  // About as many rows as bring one of both ranks to the mean, those of the new server's own tokens
  // first: they need not travel.
  RowMove move_of(int expert, int from, int to) const {
    RowMove move{.expert = expert, .from = from, .to = to, .sources = {}};
    if (!serves(to, expert))
      move.copy_cost = near(from, to) ? constraints_.costs.near_copy : constraints_.costs.far_copy;
    std::vector<int> sources;
    for (int source = 0; source < now_.num_ranks(); ++source)
      if (server_[index_of(source, expert)] == from && rows_of(source, expert) > 0)
        sources.push_back(source);
    std::stable_sort(sources.begin(), sources.end(), [&](int a, int b) {
      if ((a == to) != (b == to)) return a == to;
      return rows_of(a, expert) > rows_of(b, expert);
    });
    const std::int64_t mean = total_of(cost_) / std::ssize(cost_);
    const std::int64_t wanted = std::min(cost_[to_index(from)] - mean, mean - cost_[to_index(to)]);
    for (const int source : sources) {
      const std::int64_t with = move.rows + rows_of(source, expert);
      if (move.rows > 0 && with * constraints_.costs.row > wanted) continue;
      move.rows = with;
      move.sources.push_back(source);
    }
    const std::int64_t moved = move.rows * constraints_.costs.row;
    move.max_cost =
        move.copy_cost + std::max(cost_[to_index(from)] - moved, cost_[to_index(to)] + moved);
    return move;
  }

  const Placement& now_;
  std::span<const std::int64_t> rows_;  // [ranks, experts]
  const StepConstraints& constraints_;
  Counts cost_;                             // [ranks]
  std::vector<int> server_;                 // [ranks, experts]
  std::vector<std::vector<Visit>> guests_;  // [ranks]
};

}  // namespace

StepPlacement place_for_step(const Placement& now, std::span<const std::int64_t> rows,
                             const StepConstraints& constraints) {
  require(std::ssize(rows) == std::int64_t{now.num_ranks()} * now.num_experts() &&
              std::ssize(constraints.node_of) == now.num_ranks(),
          "{} counts and nodes of {} ranks for {} experts on {} ranks", rows.size(),
          constraints.node_of.size(), now.num_experts(), now.num_ranks());
  Search search(now, rows, constraints);
  const std::int64_t max_before = search.max_cost(), rows_before = search.max_rows();
  StepPlacement best = search.result();
  std::int64_t least = max_before;
  const auto enough = static_cast<double>(max_before) * (1.0 - constraints.min_gain);
  // Each move fills a slot or empties (source, expert) pairs of one rank, so that they end.
  for (int left = 2 * now.num_ranks() * (1 + constraints.guest_slots); left > 0; --left) {
    const std::optional<RowMove> move = search.best_move();
    if (!move) break;
    search.apply(*move);
    if (search.max_cost() >= least) continue;
    least = search.max_cost();
    if (static_cast<double>(least) <= enough) best = search.result();
  }
  best.max_rows_before = rows_before;
  return best;
}

}  // namespace switchyard
