#include "launch/verify/verify_layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "io/tokens/token_store.h"
#include "launch/assemble/assemble.h"
#include "launch/host/counted.h"
#include "launch/verify/layout_trace.h"
#include "launch/verify/traced_run.h"
#include "launch/verify/verified_layout.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_named = 6;  // tensors in a line

// Collective. A barrier for ranks that have nothing to do until rank 0 calls it: they sleep, and
// leave their cores to the ranks that work.
void wait_for_root(Comm& world) {
  const bool root = world.rank() == 0;
  std::vector<std::int64_t> send(static_cast<std::size_t>(world.size()), 0), receive = send;
  if (root) std::fill(send.begin() + 1, send.end(), 1);
  if (!root) receive[0] = 1;
  std::vector<std::int32_t> words(static_cast<std::size_t>(world.size()), 0);
  const Tensor all = tensor_of(words.data(), Shape{world.size(), 1});
  const Tensor out = all.row_range(0, root ? world.size() - 1 : 0),
               in = all.row_range(0, root ? 0 : 1);
  const std::unique_ptr<PendingRows> word = world.start_exchange_rows(out, send, in, receive);
  while (!word->arrived()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

// Collective. Rank 0 gets the trace.
LayoutTrace trace_layout(const VerifiedLayout& layout, const VerifyOptions& options,
                         const TokenStore& store, Comm& world) {
  const Config config = agree_on_config(layout, options.config, world);
  const bool takes_part = world.rank() < layout.ranks;
  std::unique_ptr<Comm> part = world.split(takes_part ? 0 : 1, world.rank());
  LayoutTrace trace;
  if (takes_part) trace = trace_run(config, store, options.steps, std::move(part));
  wait_for_root(world);
  trace.layout = layout.name();
  return trace;
}

std::vector<VerifiedLayout> layouts_of(const VerifyOptions& options, const Config& config,
                                       int num_ranks) {
  if (options.layouts.empty()) return default_layouts(config, num_ranks);
  std::vector<VerifiedLayout> layouts;
  for (const std::string& text : options.layouts) layouts.push_back(parse_layout(text, num_ranks));
  return layouts;
}

// What is wrong with a trace, beside the first.
struct Finding {
  std::optional<TraceDifference> difference;
  std::optional<std::size_t> replicas;  // the first step after which they differed

  bool same() const { return !difference && !replicas; }
};

Finding finding_of(const LayoutTrace& first, const LayoutTrace& trace) {
  const auto broken = std::find_if(trace.problems.begin(), trace.problems.end(),
                                   [](const std::string& problem) { return !problem.empty(); });
  Finding found{first_difference(first, trace), std::nullopt};
  if (broken != trace.problems.end())
    found.replicas = static_cast<std::size_t>(broken - trace.problems.begin());
  return found;
}

std::string names_of_tensors(const std::vector<std::string>& tensors) {
  const std::size_t shown = std::min(tensors.size(), most_named);
  const std::vector<std::string> first(tensors.begin(),
                                       tensors.begin() + static_cast<std::ptrdiff_t>(shown));
  return fmt::format(
      "{}{}", fmt::join(first, ", "),
      shown < tensors.size() ? fmt::format(" and {} more", tensors.size() - shown) : "");
}

std::string in_words(const Finding& found, const LayoutTrace& trace) {
  std::string text;
  if (found.difference) {
    text +=
        fmt::format("  differs first at step {}, {}: {}\n", found.difference->step,
                    name_of(found.difference->part), names_of_tensors(found.difference->tensors));
  }
  if (found.replicas)
    text += fmt::format("  after step {}: {}\n", *found.replicas, trace.problems[*found.replicas]);
  return text.empty() ? "  the same bits\n" : text;
}

Json json_of(const Finding& found, const LayoutTrace& trace) {
  Json row = {{"layout", trace.layout},
              {"same", found.same()},
              {"seconds", trace.seconds},
              {"hash_seconds", trace.hash_seconds}};
  if (found.difference) {
    row["step"] = found.difference->step;
    row["part"] = name_of(found.difference->part);
    row["tensors"] = found.difference->tensors;
  }
  if (found.replicas) row["replicas"] = trace.problems[*found.replicas];
  return row;
}

// Prints what was found. True if every trace has the bits of the first.
bool report(const std::vector<LayoutTrace>& traces, const VerifyOptions& options) {
  Json rows = Json::array();
  bool same = true;
  for (const LayoutTrace& trace : traces) {
    const Finding found = finding_of(traces.front(), trace);
    same = same && found.same();
    rows.push_back(json_of(found, trace));
    if (options.json) continue;
    fmt::print("{}\n{}", trace.layout,
               &trace == &traces.front() && found.same()
                   ? "  the first: the others are compared with it\n"
                   : in_words(found, trace));
  }
  if (options.json) {
    fmt::print("{}\n", Json{{"steps", options.steps}, {"same", same}, {"layouts", rows}}.dump(1));
  } else {
    fmt::print("{} on {}\n", same ? "the same bits" : "different bits",
               counted(std::ssize(traces), "layout"));
  }
  return same;
}

}  // namespace

Exit verify_layout(const VerifyOptions& options, Comm& world) {
  const Config config = agree_on_config(options.config, world);
  require(!config.train.islands.active(), Exit::usage,
          "verify-layout compares the steps of one island: add --set islands.count=1 --set "
          "islands.sync_every=0");
  std::vector<VerifiedLayout> layouts;
  std::vector<LayoutTrace> traces;
  std::optional<TokenStore> store;
  agree(world, [&] {
    require(config.train.exact, Exit::usage,
            "verify-layout compares bits, which layouts share only with train.exact = true");
    require(!config.data.dataset.empty(), Exit::usage,
            "data.dataset is not set: name a folder that `switchyard prepare` wrote, in the config "
            "or with --set data.dataset=FOLDER");
    layouts = layouts_of(options, config, world.size());
    if (!options.against.empty()) traces = read_traces(options.against);
    require(layouts.size() + traces.size() > 1, Exit::usage,
            "there is one layout, and nothing to compare it with: name another with --layout, or "
            "traces with --against");
    store.emplace(config.data.dataset);
  });
  for (const VerifiedLayout& layout : layouts)
    traces.push_back(trace_layout(layout, options, *store, world));
  std::int64_t same = 1;
  on_root(world, [&] {
    if (!options.record.empty()) write_traces(traces, options.record);
    same = report(traces, options) ? 1 : 0;
  });
  return reduce_one(world, same, Reduce::min) == 1 ? Exit::done : Exit::data;
}

}  // namespace switchyard
