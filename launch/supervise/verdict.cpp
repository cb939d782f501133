#include "launch/supervise/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "launch/host/counted.h"
#include "runtime/error.h"

namespace switchyard::supervise {
namespace {

constexpr std::array not_fixed_by_a_restart = {Exit::usage, Exit::data, Exit::storage,
                                               Exit::numerical};

std::string reason(const RanksEnd& end, const RunState& state) {
  const int code = end.code;
  if (end.out_of_memory)
    return "the kernel killed a process because memory ran out (`switchyard plan` shows what each "
           "rank needs)";
  if (!state.problem.empty()) return state.problem;
  if (code == static_cast<int>(Exit::peer)) return "a rank died or was stuck";
  return code > 128 ? fmt::format("signal {} ended the ranks", code - 128)
                    : fmt::format("the ranks ended with code {}", code);
}

}  // namespace

Verdict judge(const RanksEnd& end, const RunState& state, const Failures& before,
              int max_failures) {
  const int code = end.code;
  if (state.status == "done") return {Next::finish, 0, {}, ""};
  if (state.status == "preempted" || state.status == "stopped") {
    return {Next::leave_saved, static_cast<int>(Exit::requeue), {}, ""};
  }
  const bool hopeless = std::any_of(not_fixed_by_a_restart.begin(), not_fixed_by_a_restart.end(),
                                    [&](Exit exit) { return code == static_cast<int>(exit); });
  if (hopeless) {
    return {Next::give_up, code, before,
            fmt::format("not restarting the ranks: {}", reason(end, state))};
  }
  const bool further = before.count > 0 && state.step > before.step;
  const Failures failures{state.step, further ? 1 : before.count + 1};
  const bool again = end.out_of_memory && !end.advanced;
  if (failures.count >= max_failures || again) {
    return {Next::give_up, static_cast<int>(Exit::crash_loop), failures,
            fmt::format("{} without getting past step {}, the last one: {}. Look at the log, fix "
                        "the cause, and start again",
                        counted(failures.count, "failure"), state.step, reason(end, state))};
  }
  return {Next::restart, code, failures,
          fmt::format("failure {} of at most {} at step {}: {}", failures.count, max_failures,
                      state.step, reason(end, state))};
}

}  // namespace switchyard::supervise
