#include "runtime/watch/roll_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace switchyard {
namespace {

constexpr double min_step_limit = 60.0, steps_for_limit = 10.0;
constexpr std::size_t remembered_steps = 64;
constexpr std::int64_t window_steps = 20;
constexpr double window_seconds = 5.0, slow = 1.3;

double seconds_between(RollCall::Time begin, RollCall::Time end) {
  return std::chrono::duration<double>(end - begin).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

RollCall::RollCall(int num_ranks, Limits limits, Time now)
    : limits_(limits), ranks_(static_cast<std::size_t>(num_ranks)) {
  for (Rank& rank : ranks_) rank.heard = rank.step_began = rank.window_began = now;
}

void RollCall::heard(const Heartbeat& beat, Time now) {
  if (beat.rank < 0 || beat.rank >= std::ssize(ranks_)) return;
  Rank& rank = ranks_[static_cast<std::size_t>(beat.rank)];
  if (beat.step != rank.last.step || beat.phase != rank.last.phase) {
    if (beat.rank == 0) note_steps(rank, beat, now);
    rank.step_began = now;
  }
  rank.heard = now;
  rank.last = beat;
  rank.left = beat.kind == Heartbeat::Kind::farewell;
}

void RollCall::note_steps(const Rank& rank, const Heartbeat& beat, Time now) {
  const std::int64_t steps = beat.step - rank.last.step;
  if (beat.phase != Phase::step || rank.last.phase != Phase::step || steps <= 0) return;
  step_seconds_.push_back(seconds_between(rank.step_began, now) / static_cast<double>(steps));
  if (step_seconds_.size() > remembered_steps) step_seconds_.erase(step_seconds_.begin());
}

void RollCall::lost(int rank) { ranks_.at(static_cast<std::size_t>(rank)).gone = true; }

double RollCall::step_limit() const {
  if (limits_.step_timeout > 0.0) return limits_.step_timeout;
  if (step_seconds_.empty()) return min_step_limit;
  return std::max(min_step_limit, steps_for_limit * median(step_seconds_));
}

std::optional<RollCall::Verdict> RollCall::verdict(Time now) const {
  std::string what;
  int suspect = -1;
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    const Rank& rank = ranks_[i];
    if (rank.left) continue;
    const double silence = seconds_between(rank.heard, now);
    const bool missing = rank.gone || silence > limits_.peer_timeout;
    if (missing && suspect < 0) suspect = static_cast<int>(i);
    if (rank.gone) {
      what += fmt::format("rank {} on {} died\n", i, rank.last.host.data());
    } else if (missing) {
      what += fmt::format("rank {} on {} has been silent for {:.0f} s\n", i, rank.last.host.data(),
                          silence);
    }
  }
  const bool stuck = std::all_of(ranks_.begin(), ranks_.end(), [&](const Rank& rank) {
    return !rank.left && rank.last.phase == Phase::step &&
           seconds_between(rank.step_began, now) > step_limit();
  });
  if (what.empty() && stuck) {
    what = fmt::format("no step has ended for {:.0f} s\n", step_limit());
    suspect = furthest_behind();
  }
  if (what.empty()) return std::nullopt;
  return Verdict{what + table(now), suspect};
}

int RollCall::furthest_behind() const {
  const auto fewest = std::min_element(
      ranks_.begin(), ranks_.end(),
      [](const Rank& a, const Rank& b) { return a.last.collectives < b.last.collectives; });
  return static_cast<int>(fewest - ranks_.begin());
}

// One line per rank. It marks the ranks that have begun the fewest collectives, for which the
// others wait.
std::string RollCall::table(Time now) const {
  std::int64_t min_begun = std::numeric_limits<std::int64_t>::max(), max_begun = 0;
  for (const Rank& rank : ranks_) {
    min_begun = std::min(min_begun, rank.last.collectives);
    max_begun = std::max(max_begun, rank.last.collectives);
  }
  std::string text;
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    const Rank& rank = ranks_[i];
    text += fmt::format(
        "  rank {:>4} on {:<16} pid {:>7}  step {:>8}  {:<22} collective {:>10}  "
        "heard {:.1f} s ago{}\n",
        i, rank.last.host.data(), rank.last.pid, rank.last.step,
        place_text(rank.last.phase, rank.last.collective), rank.last.collectives,
        seconds_between(rank.heard, now),
        min_begun < max_begun && rank.last.collectives == min_begun ? "  <- behind" : "");
  }
  return text;
}

std::vector<std::string> RollCall::stragglers(Time now) {
  const std::int64_t steps = ranks_[0].last.step - window_step_;
  if (steps < window_steps || seconds_between(ranks_[0].window_began, now) < window_seconds) {
    return {};
  }
  std::vector<double> work;
  for (Rank& rank : ranks_) {
    work.push_back(seconds_between(rank.window_began, rank.heard) -
                   1e-9 * static_cast<double>(rank.last.waited - rank.window_waited));
    rank.window_began = rank.heard;
    rank.window_waited = rank.last.waited;
  }
  window_step_ = ranks_[0].last.step;
  const double typical = median(work);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    Rank& rank = ranks_[i];
    rank.slow_windows = work[i] > slow * typical ? rank.slow_windows + 1 : 0;
    if (rank.slow_windows != 2) continue;
    lines.push_back(fmt::format(
        "rank {} on {} is slow: it computes {:.0f} ms a step, the median rank {:.0f} ms", i,
        rank.last.host.data(), 1e3 * work[i] / static_cast<double>(steps),
        1e3 * typical / static_cast<double>(steps)));
  }
  return lines;
}

}  // namespace switchyard
