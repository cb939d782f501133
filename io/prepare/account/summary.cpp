#include "io/prepare/account/summary.h"

#include <fmt/format.h>

#include <iterator>

#include "io/report/report_values.h"
#include "io/text/byte_size.h"
#include "io/text/escape.h"

namespace switchyard::prepare {
namespace {

using nlohmann::json;

std::string documents(std::int64_t count) {
  return fmt::format("{} document{}", with_commas(count), count == 1 ? "" : "s");
}

std::string tokenizer_in_words(const json& report) {
  const json tokenizer = part_at(report, "tokenizer");
  return fmt::format("{}, {} ids", terminal_text(text_at(part_at(report, "recipe"), "tokenizer")),
                     with_commas(integer_at(tokenizer, "vocabulary")));
}

}  // namespace

std::string summary_of(const json& report, const std::filesystem::path& dataset) {
  std::string out;
  const auto line = [&](const std::string& name, const std::string& value) {
    fmt::format_to(std::back_inserter(out), "{:<18} {}\n", name, value);
  };
  const json number = part_at(report, "documents"), bytes = part_at(report, "text_bytes");
  const std::int64_t in = integer_at(number, "in");
  const std::size_t num_sources = part_at(report, "sources").size();
  line("dataset", terminal_text(dataset.string()));
  line("read", fmt::format("{} of {} source{}, {} of text", documents(in), num_sources,
                           num_sources == 1 ? "" : "s", bytes_in_words(integer_at(bytes, "in"))));
  for (const StageWords& words : stage_words()) {
    const json stage = part_at(part_at(report, "stages"), words.stage);
    const std::int64_t removed = integer_at(stage, "in") - integer_at(stage, "out");
    if (removed > 0) {
      line("- " + std::string(words.title),
           fmt::format("{} removed, {}", documents(removed), share_in_words(removed, in)));
    }
  }
  for (const char* kind : {"lines", "paragraphs", "spans"}) {
    const json stage = part_at(part_at(report, "stages"), kind);
    if (integer_at(stage, "cut") == 0) continue;
    line(fmt::format("- Repeated {}", kind),
         fmt::format("{} cut, {} of text", with_commas(integer_at(stage, "cut")),
                     bytes_in_words(integer_at(stage, "bytes_cut"))));
  }
  line("kept", fmt::format("{}, {} of text", documents(integer_at(number, "out")),
                           bytes_in_words(integer_at(bytes, "out"))));
  for (const char* split : {"train", "validation"}) {
    line(split, fmt::format("{}, {} tokens", documents(integer_at(part_at(report, "split"), split)),
                            with_commas(integer_at(part_at(report, "tokens"), split))));
  }
  line("tokenizer", tokenizer_in_words(report));
  line("report", terminal_text((dataset / "report.html").string()) + ", and report.json");
  return out;
}

}  // namespace switchyard::prepare
