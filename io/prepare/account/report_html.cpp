#include "io/prepare/account/report_html.h"

#include <fmt/format.h>

#include "io/prepare/account/report_figures.h"
#include "io/prepare/input/problem_words.h"
#include "io/report/figure.h"
#include "io/report/report_page.h"
#include "io/report/report_values.h"
#include "io/text/byte_size.h"
#include "io/text/escape.h"

namespace switchyard::prepare {
namespace {

using nlohmann::json;

std::string share_html(std::int64_t part, std::int64_t whole) {
  return html_text(share_in_words(part, whole));
}

class Page : private ReportPage {
 public:
  explicit Page(const json& report)
      : ReportPage("Dataset report", "Dataset report"), report_(report) {}

  std::string html() {
    add_tiles();
    add_warnings();
    add_funnel();
    add_sources();
    out_ += figures_html(report_);
    add_rules();
    add_examples();
    add_problems();
    add_recipe();
    return finish();
  }

 private:
  std::int64_t documents(const char* which) const {
    return integer_at(part_at(report_, "documents"), which);
  }

  void add_tiles() {
    const std::int64_t in = documents("in"), out = documents("out");
    const json bytes = part_at(report_, "text_bytes"), tokens = part_at(report_, "tokens");
    const std::int64_t bytes_in = integer_at(bytes, "in"), bytes_out = integer_at(bytes, "out");
    add("<p class=\"soft\">{} of {} documents were kept, from {} sources in {} generations.</p>",
        with_commas(out), with_commas(in), part_at(report_, "sources").size(),
        integer_at(report_, "generations"));
    out_ += "<div class=\"tiles\">";
    add_tile(with_commas(out), "documents kept, " + share_in_words(out, in) + " of what came in");
    add_tile(with_commas(in - out), "documents removed");
    add_tile(bytes_in_words(bytes_out), "text kept, " + share_in_words(bytes_out, bytes_in) +
                                            " of " + bytes_in_words(bytes_in));
    add_tile(
        with_commas(integer_at(tokens, "train") + integer_at(tokens, "validation")),
        "tokens, " + with_commas(integer_at(tokens, "validation")) + " of them for validation");
    out_ += "</div>\n";
  }

  void add_warnings() {
    const json warnings = part_at(report_, "warnings");
    if (!warnings.is_array() || warnings.empty()) return;
    out_ += "<div class=\"card alarm\"><h3>Look at this</h3><ul>";
    for (const json& warning : warnings) {
      if (warning.is_string()) add("<li>{}</li>", html_text(warning.get<std::string>()));
    }
    out_ += "</ul></div>\n";
  }

  void add_funnel() {
    out_ +=
        "<h2>What each stage removed</h2><div class=\"card wide\"><table>\n"
        "<tr><th>Stage</th><th>In</th><th>Removed</th><th>Share</th><th>Out</th>"
        "<th class=\"text\">Left of all that came in</th></tr>\n";
    const json stages = part_at(report_, "stages");
    for (const StageWords& words : stage_words()) {
      if (!stages.contains(words.stage)) continue;
      const json stage = part_at(stages, words.stage);
      const std::int64_t in = integer_at(stage, "in"), out = integer_at(stage, "out");
      add("<tr><td>{}<small>{}</small></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
          "<td class=\"bar\">{}</td></tr>\n",
          words.title, words.meaning, with_commas(in), with_commas(in - out),
          share_html(in - out, in), with_commas(out),
          track_html({{"kept", out}, {"gone", in - out}}, documents("in")));
    }
    for (const char* kind : {"lines", "paragraphs", "spans"}) add_cut(kind, stages);
    out_ += "</table></div>\n";
  }

  void add_cut(const char* kind, const json& stages) {
    if (!stages.contains(kind)) return;
    const json stage = part_at(stages, kind);
    add("<tr><td>Repeated {}<small>only the first of each stays</small></td>"
        "<td colspan=\"5\" class=\"text\">{} cut, {} of text</td></tr>\n",
        kind, with_commas(integer_at(stage, "cut")),
        bytes_in_words(integer_at(stage, "bytes_cut")));
  }

  bool anything_removed_as(const char* key) const {
    for (const json& source : part_at(report_, "sources")) {
      if (integer_at(part_at(source, "removed"), key) > 0) return true;
    }
    return false;
  }

  void add_sources() {
    out_ +=
        "<h2>Sources</h2><div class=\"card wide\"><table>\n<tr><th>Source</th>"
        "<th>In</th>";
    for (const StageWords& words : stage_words()) {
      if (anything_removed_as(words.removed)) add("<th>{}</th>", words.title);
    }
    out_ += "<th>Out</th><th>Text out</th><th>Tokens</th></tr>\n";
    for (const json& source : part_at(report_, "sources")) add_source(source);
    out_ += "</table></div>\n";
    add("<p class=\"soft\">Red with an exclamation mark: one stage removed more than half of the "
        "source.</p>\n");
  }

  void add_source(const json& source) {
    const std::int64_t in = integer_at(source, "in"), out = integer_at(source, "out");
    add("<tr><td>{}<small>{}, generation {}</small></td><td>{}</td>",
        html_text(text_at(source, "name")), html_text(text_at(source, "licence")),
        integer_at(source, "generation"), with_commas(in));
    for (const StageWords& words : stage_words()) {
      if (!anything_removed_as(words.removed)) continue;
      const std::int64_t removed = integer_at(part_at(source, "removed"), words.removed);
      const bool much = 2 * removed > in;
      add("<td{}>{}{}<small>{}</small></td>", much ? " class=\"much\"" : "", with_commas(removed),
          much ? " !" : "", removed > 0 ? share_html(removed, in) : "");
    }
    const std::int64_t bytes_in = integer_at(source, "bytes_in");
    const std::int64_t bytes_out = integer_at(source, "bytes_out");
    add("<td>{}<small>{}</small></td><td>{}<small>of {}</small></td><td>{}</td></tr>\n",
        with_commas(out), share_html(out, in), bytes_in_words(bytes_out), bytes_in_words(bytes_in),
        with_commas(integer_at(source, "tokens")));
  }

  void add_rules() {
    const json rules = part_at(part_at(part_at(report_, "stages"), "filters"), "rules");
    if (rules.empty()) return;
    out_ +=
        "<h2>Quality filters</h2><div class=\"card wide\"><table>\n"
        "<tr><th>Rule set</th><th>Removed</th><th>Cut</th></tr>\n";
    for (const auto& [name, rule] : rules.items()) {
      add("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", html_text(name),
          with_commas(integer_at(rule, "removed")), with_commas(integer_at(rule, "changed")));
    }
    out_ += "</table></div>\n";
  }

  void add_examples() {
    std::string all;
    const json stages = part_at(report_, "stages");
    for (const StageWords& words : stage_words()) {
      const json stage = part_at(stages, words.stage);
      all += examples_html(words.title, part_at(stage, "examples"));
      const json rules = part_at(stage, "rules");
      for (const auto& [name, rule] : rules.items()) {
        all += examples_html("Filter " + name, part_at(rule, "examples"));
      }
    }
    if (!all.empty()) add("<h2>Examples of what was removed</h2>\n{}", all);
  }

  void add_problems() {
    const json problems = part_at(report_, "problems");
    if (problems.empty()) return;
    out_ += "<h2>Problems of the input</h2>\n";
    for (const std::string& sentence : problems_in_words(problems)) {
      add("<p>{}</p>\n", html_text(sentence));
    }
    out_ +=
        "<div class=\"card wide\"><table>\n"
        "<tr><th>Problem</th><th>Count</th><th class=\"text\">First places</th></tr>\n";
    for (const auto& [kind, problem] : problems.items()) {
      add("<tr><td>{}</td><td>{}</td><td class=\"text\">", html_text(kind),
          with_commas(integer_at(problem, "count")));
      const json first = part_at(problem, "first");
      for (const json& place : first) add("<code>{}</code><br/>", html_text(place_in_words(place)));
      out_ += "</td></tr>\n";
    }
    out_ += "</table></div>\n";
  }

  static std::string place_in_words(const json& place) {
    std::string text = text_at(place, "file");
    if (place.contains("line")) text += fmt::format(", line {}", integer_at(place, "line"));
    if (place.contains("byte")) text += fmt::format(", byte {}", integer_at(place, "byte"));
    return text;
  }

  void add_recipe() {
    for (const char* what : {"recipe", "tokenizer"}) {
      const json values = part_at(report_, what);
      if (!values.is_object() || values.empty()) continue;
      add("<h2>The {}</h2><div class=\"card wide\"><table>\n", what);
      for (const auto& [key, value] : values.items()) {
        add("<tr><td>{}</td><td class=\"text\"><code>{}</code></td></tr>\n", html_text(key),
            html_text(value_in_words(value)));
      }
      out_ += "</table></div>\n";
    }
  }

  const json& report_;
};

}  // namespace

std::string report_html(const json& report) { return Page(report).html(); }

}  // namespace switchyard::prepare
