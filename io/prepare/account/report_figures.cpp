#include "io/prepare/account/report_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "io/report/charts.h"
#include "io/report/figure.h"
#include "io/report/report_values.h"
#include "io/text/escape.h"

namespace switchyard::prepare {
namespace {

using nlohmann::json;

constexpr std::size_t max_examples = 3;
constexpr std::size_t max_bins = 63;  // of powers of two

bool holds_a_count(const std::vector<std::int64_t>& counts) {
  return std::any_of(counts.begin(), counts.end(), [](std::int64_t count) { return count > 0; });
}

std::string power_in_words(std::size_t power) {
  constexpr const char* units[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  return std::to_string(std::int64_t{1} << (power % 10)) + units[power / 10];
}

// Clusters by the power of two that their size reaches.
std::string clusters_html(const json& clusters) {
  std::vector<std::int64_t> counts;
  std::int64_t num_clusters = 0, largest = 0;
  if (!clusters.is_array()) return "";
  for (const json& cluster : clusters) {
    const std::vector<std::int64_t> pair = integers_of(cluster);
    if (pair.size() != 2 || pair[0] < 1 || pair[1] < 1) continue;
    const auto bin =
        static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(pair[0]))) - 1;
    counts.resize(std::max(counts.size(), bin + 1));
    counts[bin] += pair[1];
    num_clusters += pair[1];
    largest = std::max(largest, pair[0]);
  }
  if (num_clusters == 0) return "";
  BarChart chart{
      "Sizes of clusters", "documents in a cluster, from this power of two on", {}, {}, true};
  const std::size_t first = counts[0] > 0 ? 0 : 1;  // one document is no cluster
  for (std::size_t bin = first; bin < counts.size(); ++bin) {
    chart.labels.push_back(power_in_words(bin));
  }
  counts.erase(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(first));
  chart.series = {{"clusters", "kept", std::move(counts)}};
  return figure_html("Sizes of clusters", svg_of(chart),
                     fmt::format("{} documents were kept for others too; the largest represents {} "
                                 "documents. Counts on a logarithmic scale.",
                                 with_commas(num_clusters), with_commas(largest)));
}

std::string lengths_html(const json& lengths) {
  std::vector<std::int64_t> kept = integers_of(part_at(lengths, "kept"));
  std::vector<std::int64_t> removed = integers_of(part_at(lengths, "removed"));
  if (!holds_a_count(kept) && !holds_a_count(removed)) return "";
  const std::size_t num_bins = std::min(std::max(kept.size(), removed.size()), max_bins);
  kept.resize(num_bins);
  removed.resize(num_bins);
  std::size_t first = 0;
  while (kept[first] == 0 && removed[first] == 0 && first + 1 < num_bins) ++first;
  const auto skip = static_cast<std::ptrdiff_t>(first);
  BarChart chart{"Lengths of documents", "bytes, from this power of two on", {}, {}, false};
  for (std::size_t bin = first; bin < num_bins; ++bin) chart.labels.push_back(power_in_words(bin));
  chart.series = {{"kept", "kept", {kept.begin() + skip, kept.end()}},
                  {"removed", "gone", {removed.begin() + skip, removed.end()}}};
  return figure_html(
      "Lengths of documents", svg_of(chart),
      "<span class=\"key kept\"></span>kept <span class=\"key gone\"></span>removed");
}

std::string jaccard_html(const json& bins) {
  std::vector<std::int64_t> counts = integers_of(bins);
  if (!holds_a_count(counts)) return "";
  BarChart chart{
      "Jaccard of near-duplicates", "Jaccard with the document that was kept", {}, {}, false};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    chart.labels.push_back(
        fmt::format("{:.2f}", static_cast<double>(i) / static_cast<double>(counts.size())));
  }
  chart.series = {{"removed", "gone", std::move(counts)}};
  return figure_html("How alike near-duplicates were", svg_of(chart),
                     "Verified on the word 5-grams of both texts.");
}

std::string tokens_html(const json& report) {
  const json tokens = part_at(report, "tokens"), split = part_at(report, "split");
  const std::int64_t train = integer_at(tokens, "train");
  const std::int64_t validation = integer_at(tokens, "validation");
  if (train + validation <= 0) return "";
  const auto line = [&](const char* color, const char* name, std::int64_t count) {
    return fmt::format("<span class=\"key {}\"></span>{}: {} tokens in {} documents<br/>", color,
                       name, with_commas(count), with_commas(integer_at(split, name)));
  };
  return figure_html(
      "Tokens", track_html({{"kept", train}, {"third", validation}}, train + validation),
      line("kept", "train", train) + line("third", "validation", validation) +
          fmt::format("A document's split follows from its content alone; {:.3g} % were to go to "
                      "validation.",
                      100 * number_at(split, "fraction")));
}

std::string example_html(const json& example) {
  std::string text = "<div class=\"example\"><code>" + html_text(text_at(example, "id")) +
                     html_text(text_at(example, "removed")) + "</code>";
  for (const char* key : {"kept", "keeper", "keeper_id", "keeper_hash"}) {
    const std::string keeper = text_at(example, key);
    if (!keeper.empty()) text += " in favour of <code>" + html_text(keeper) + "</code>";
  }
  if (example.contains("jaccard")) {
    text += fmt::format(", Jaccard {:.3f}", number_at(example, "jaccard"));
  }
  const std::string reason = text_at(example, "reason");
  if (!reason.empty()) text += ": " + html_text(reason);
  return text + "<blockquote>" + html_text(text_at(example, "excerpt")) + "</blockquote></div>\n";
}

}  // namespace

std::string figures_html(const json& report) {
  const std::string plots = lengths_html(part_at(report, "lengths")) +
                            clusters_html(part_at(report, "clusters")) +
                            jaccard_html(part_at(report, "jaccard")) + tokens_html(report);
  if (plots.empty()) return "";
  return "<h2>The documents</h2><div class=\"plots\">\n" + plots + "</div>\n";
}

std::string examples_html(const std::string& title, const json& examples) {
  if (!examples.is_array() || examples.empty()) return "";
  std::string text = "<details class=\"card\"><summary>" + html_text(title) + "</summary>\n";
  const std::size_t count = std::min(examples.size(), max_examples);
  for (std::size_t i = 0; i < count; ++i) text += example_html(examples[i]);
  return text + "</details>\n";
}

}  // namespace switchyard::prepare
