#include "launch/bench/figures/routing_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "io/text/byte_size.h"
#include "launch/host/counted.h"
#include "runtime/error.h"

namespace switchyard::bench {
namespace {

constexpr int terminal_width = 120;
constexpr double noisy = 0.2;

struct TableColumn {
  const char* name;
  int width;  // with the space before it; negative: flush left
  std::function<std::string(const RoutingResult&)> text;
};

std::string micro(double seconds) {
  constexpr double long_one = 0.1;  // seconds: no decimals, to fit
  return fmt::format("{:.{}f}", 1e6 * seconds, seconds < long_one ? 1 : 0);
}
std::string ratio(double of, double to) {
  return of > 0 && to > 0 ? fmt::format("{:.2f}", of / to) : "-";
}
std::string rate(double gb_per_s) { return gb_per_s > 0 ? fmt::format("{:.3f}", gb_per_s) : "-"; }
double median(const std::vector<double>& seconds) { return quantile(seconds, 0.5); }

std::string noise_text(const RoutingResult& r) {
  const double noise = std::max(r.noise(), r.spread());
  if (noise >= 10.0) return ">999 %!";
  return fmt::format("{:.0f} %{}", 100 * noise, noise > noisy ? "!" : " ");
}

TableColumn of_part(const char* name, double Iteration::*part) {
  return {name, 9, [part](const RoutingResult& r) { return micro(r.part(part)); }};
}

TableColumn of_rate(const char* name, std::int64_t Traffic::*bytes) {
  return {name, 10, [bytes](const RoutingResult& r) { return rate(r.gb_per_s(bytes)); }};
}

const std::vector<TableColumn>& all_columns() {
  using R = const RoutingResult&;
  static const std::vector<TableColumn> columns = {
      {"workload", -11, [](R r) { return r.what.workload; }},
      {"mode", -11, [](R r) { return r.what.mode; }},
      {"exchange", -14,
       [](R r) {
         return r.what.exchange == r.exchange ? r.exchange : fmt::format("={}", r.exchange);
       }},
      {"payload", -8, [](R r) { return std::string(name_of(r.what.payload)); }},
      {"tokens", 9, [](R r) { return fmt::format("{}", r.what.tokens); }},
      {"hidden", 7, [](R r) { return fmt::format("{}", r.what.hidden); }},
      {"top-k", 6, [](R r) { return fmt::format("{}", r.what.top_k); }},
      {"experts", 8, [](R r) { return fmt::format("{}", r.what.experts); }},
      {"p50", 10, [](R r) { return micro(r.p(0.5)); }},
      {"p95", 10, [](R r) { return micro(r.p(0.95)); }},
      {"p99", 10, [](R r) { return micro(r.p(0.99)); }},
      {"mean", 10, [](R r) { return micro(r.mean()); }},
      {"min", 10, [](R r) { return micro(r.p(0.0)); }},
      {"noise", 8, noise_text},
      of_part("plan", &Iteration::plan),
      of_part("permute", &Iteration::permute),
      of_part("travel", &Iteration::travel),
      of_rate("in-node", &Traffic::node_bytes),
      of_rate("link", &Traffic::link_bytes),
      of_rate("node-link", &Traffic::link_of_node_bytes),
      {"peak", 6,
       [](R r) {
         const double share = r.share_of_peak();
         return share > 0 ? fmt::format("{:.0f} %", 100 * share) : "-";
       }},
      {"algbw", 8, [](R r) { return rate(r.algbw()); }},
      {"tokens/s", 10, [](R r) { return fmt::format("{:.3g}", r.tokens_per_second()); }},
      {"lost", 7, [](R r) { return r.lost ? fmt::format("{:.0f} %", 100 * *r.lost) : "-"; }},
      {"raw/p50", 8, [](R r) { return ratio(median(r.raw), r.p(0.5)); }},
      {"plain/p50", 10, [](R r) { return ratio(median(r.plain), r.p(0.5)); }},
      {"copy/p50", 9, [](R r) { return ratio(median(r.copy), r.p(0.5)); }},
      {"raw/travel", 11,
       [](R r) {
         return r.travels() ? ratio(median(r.raw), r.part(&Iteration::travel)) : std::string("-");
       }},
      {"logical", 10,
       [](R r) {
         return bytes_in_words(static_cast<std::int64_t>(r.bytes(&Traffic::logical_bytes)));
       }},
      {"wire", 10,
       [](R r) {
         return bytes_in_words(static_cast<std::int64_t>(r.bytes(&Traffic::wire_bytes)));
       }},
      {"ratio", 6,
       [](R r) { return ratio(r.bytes(&Traffic::wire_bytes), r.bytes(&Traffic::logical_bytes)); }},
      {"skew", 6, [](R r) { return r.skew() > 0 ? fmt::format("{:.2f}", r.skew()) : "-"; }},
      {"memory", 9, [](R r) { return bytes_in_words(static_cast<std::int64_t>(r.memory_bytes)); }},
      {"slow", 6, [](R r) { return fmt::format("{}", r.slowest_rank()); }},
      {"model", 10, [](R r) { return r.predicted > 0 ? micro(r.predicted) : "-"; }},
      {"wrong", 7, [](R r) { return r.wrong ? fmt::format("{}", *r.wrong) : "-"; }}};
  return columns;
}

std::size_t column_named(const std::string& name) {
  const std::vector<TableColumn>& all = all_columns();
  std::vector<std::string> names;
  for (const TableColumn& column : all) {
    if (name == column.name) return names.size();
    names.emplace_back(column.name);
  }
  fail(Exit::usage, "there is no column {}: choose from {}, or all", name, fmt::join(names, ", "));
}

bool varies(const std::vector<RoutingCase>& cases, auto value) {
  return std::any_of(cases.begin(), cases.end(),
                     [&](const RoutingCase& c) { return value(c) != value(cases.front()); });
}

struct Sizes {
  std::vector<std::string> vary;   // names of columns
  std::vector<std::string> fixed;  // in words
};

Sizes sizes_in(const std::vector<RoutingCase>& cases) {
  const RoutingCase& c = cases.front();
  Sizes sizes;
  const auto add = [&](const char* column, bool vary, const std::string& words) {
    if (vary) {
      sizes.vary.emplace_back(column);
    } else {
      sizes.fixed.push_back(words);
    }
  };
  add("payload", varies(cases, [](const auto& of) { return of.payload; }),
      fmt::format("payload {}", name_of(c.payload)));
  add("tokens", varies(cases, [](const auto& of) { return of.tokens; }),
      fmt::format("{} tokens on each rank", c.tokens));
  add("hidden", varies(cases, [](const auto& of) { return of.hidden; }),
      fmt::format("hidden {}", c.hidden));
  add("top-k", varies(cases, [](const auto& of) { return of.top_k; }),
      fmt::format("top-{}", c.top_k));
  add("experts", varies(cases, [](const auto& of) { return of.experts; }),
      fmt::format("{} experts", c.experts));
  return sizes;
}

// The most useful columns first.
std::vector<std::string> wanted(const std::vector<RoutingCase>& cases,
                                const RoutingTable::About& about) {
  std::vector<std::string> names = {"workload", "mode", "exchange"};
  const std::vector<std::string> sizes = sizes_in(cases).vary;
  names.insert(names.end(), sizes.begin(), sizes.end());
  names.emplace_back("p50");
  if (about.measured) names.insert(names.end(), {"noise", "wrong"});
  if (std::any_of(cases.begin(), cases.end(), [&](const RoutingCase& what) {
        return what.workload != "balanced" && balanced_twin(cases, what) >= 0;
      }))
    names.insert(names.end(), {"skew", "tokens/s", "lost"});
  if (about.measured) names.emplace_back("p95");
  if (about.model) names.emplace_back("model");
  if (about.peak) names.emplace_back("peak");
  if (about.nodes > 1) names.emplace_back("link");
  names.insert(names.end(), {"travel", "permute", "plan", "in-node", "raw/p50", "skew", "p99",
                             "raw/travel", "ratio", "tokens/s"});
  return names;
}

std::string head_cell(const TableColumn& column, const std::string& text) {
  return column.width < 0 ? fmt::format("{:<{}}", text, -column.width)
                          : fmt::format("{:>{}}", text, column.width);
}

}  // namespace

RoutingTable::RoutingTable(const std::vector<RoutingCase>& cases, const RoutingSweep& sweep,
                           const About& about, const std::vector<std::string>& columns) {
  const bool chosen = !columns.empty();
  std::vector<std::string> names = chosen ? columns : wanted(cases, about);
  if (std::find(names.begin(), names.end(), "all") != names.end()) {
    names.clear();
    for (const TableColumn& column : all_columns()) names.emplace_back(column.name);
  }
  int width = 0;
  for (const std::string& name : names) {
    const std::size_t column = column_named(name);
    const int more = std::abs(all_columns()[column].width);
    if (!chosen && width + more > terminal_width) continue;
    width += more;
    shown_.push_back(column);
  }
  if (!chosen) std::sort(shown_.begin(), shown_.end());
  const std::vector<std::string> fixed = sizes_in(cases).fixed;
  notes_ = fmt::format(
      "# microseconds of the slowest rank: {}; {} on {}\n"
      "{}{}# docs/benchmark-routing.md defines the columns; --columns all shows every one\n",
      about.measured ? fmt::format("quantiles of {} of {}", counted(sweep.repeats, "repeat"),
                                   counted(sweep.iterations, "iteration"))
                     : "predicted",
      counted(about.ranks, "rank"), counted(about.nodes, "node"),
      fixed.empty() ? "" : fmt::format("# every case: {}\n", fmt::join(fixed, ", ")),
      about.measured ? fmt::format("# noise: the larger of the distance of quartiles and the range "
                                   "of repeats, over p50; ! above {:.0f} %\n",
                                   100 * noisy)
                     : "");
}

std::string RoutingTable::head() const {
  std::string text;
  for (const std::size_t column : shown_) {
    const TableColumn& c = all_columns()[column];
    text += head_cell(c, (text.empty() && c.width < 0 ? "# " : "") + std::string(c.name));
  }
  return notes_ + (text.starts_with("#") ? "" : "#") + text + "\n";
}

std::string RoutingTable::line(const RoutingResult& result) const {
  std::string text;
  for (const std::size_t column : shown_)
    text += head_cell(all_columns()[column], all_columns()[column].text(result));
  return text + "\n";
}

}  // namespace switchyard::bench
