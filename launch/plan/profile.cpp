#include "launch/plan/profile.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/files/durable.h"
#include "io/text/amount.h"
#include "launch/host/counted.h"
#include "runtime/error.h"

namespace switchyard::plan {
namespace {

constexpr std::int64_t max_profile_bytes = 1 << 20;

const PartWork* find_work(const std::vector<PartWork>& work, const std::string& part) {
  const auto found = std::find_if(work.begin(), work.end(),
                                  [&](const PartWork& each) { return each.part == part; });
  return found == work.end() ? nullptr : &*found;
}

std::string part_line(const PartProfile& part, const Profile& profile, const PartWork* work) {
  std::string rate, share;
  if (work != nullptr && work->amount > 0.0 && part.seconds > 0.0) {
    const double reached = work->amount / part.seconds;
    const double limit = limit_for(work->unit, profile.limits);
    rate = rate_text(work->unit, reached);
    if (work->unit != WorkUnit::choices && limit > 0.0)
      share = fmt::format("{:.0f} %", 100.0 * reached / limit);
  }
  std::string waiting;
  if (profile.num_ranks > 1 && part.waited > 0.005 * profile.step_seconds)
    waiting = fmt::format("{:.4f} for rank {}", part.waited, part.awaited_rank);
  return fmt::format("{:<10} {:>9.4f} {:>6.1f} % {:>15} {:>9}  {}\n", part.part, part.seconds,
                     100.0 * part.seconds / profile.step_seconds, rate, share, waiting);
}

}  // namespace

std::string rate_text(WorkUnit unit, double per_second) {
  switch (unit) {
    case WorkUnit::flops:
      return amount_in_words(per_second, "FLOP/s");
    case WorkUnit::choices:
      return amount_in_words(per_second, "/s");
    case WorkUnit::bytes:
    case WorkUnit::sent:
      return amount_in_words(per_second, "B/s");
  }
  fail(Exit::internal, "unknown unit of work");
}

std::string profile_table(const Profile& profile, const Config& config, std::int64_t vocabulary) {
  const std::vector<PartWork> work = step_work(
      run_shape(config, vocabulary, profile.num_ranks, profile.ranks_per_node, profile.threads));
  std::string text = fmt::format(
      "One step: {:.4f} s (mean of {}), {}, {} each. Seconds and rates are per "
      "rank.\n"
      "{:<10} {:>9} {:>8} {:>15} {:>9}  {}\n",
      profile.step_seconds, profile.steps, counted(profile.num_ranks, "rank"),
      counted(profile.threads, "thread"), "part", "seconds", "share", "rate", "of limit",
      profile.num_ranks > 1 ? "waits" : "");
  double rest = profile.step_seconds;
  for (const PartProfile& part : profile.parts) {
    text += part_line(part, profile, find_work(work, part.part));
    rest -= part.seconds;
  }
  text += fmt::format("{:<10} {:>9.4f} {:>6.1f} %\n", "the rest", rest,
                      100.0 * rest / profile.step_seconds);
  text += fmt::format(
      "limits, measured after the last step on all ranks at once: {} in a large product, {} of "
      "memory, {} in an all-to-all\n",
      rate_text(WorkUnit::flops, profile.limits.matmul),
      rate_text(WorkUnit::bytes, profile.limits.memory),
      rate_text(WorkUnit::sent, profile.limits.exchange));
  return text;
}

Profile read_profile(const std::filesystem::path& file) {
  require(std::filesystem::is_regular_file(file), Exit::data,
          "{} does not exist: run `switchyard train --profile` first", file.string());
  try {
    return nlohmann::json::parse(durable::read_file(file, max_profile_bytes));
  } catch (const nlohmann::json::exception& error) {
    fail(Exit::data, "{} was not written by `train --profile`: {}", file.string(), error.what());
  }
}

}  // namespace switchyard::plan
