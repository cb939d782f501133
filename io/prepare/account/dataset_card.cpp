#include "io/prepare/account/dataset_card.h"

#include <fmt/format.h>

#include <iterator>

#include "io/report/report_values.h"
#include "io/text/byte_size.h"
#include "io/text/escape.h"

namespace switchyard::prepare {
namespace {

using nlohmann::json;

class Card {
 public:
  explicit Card(const json& report) : report_(report) {}

  std::string markdown() {
    add_head();
    add_sources();
    add_stages();
    add_use();
    add_recipe();
    return std::move(out_);
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void add_head() {
    const json documents = part_at(report_, "documents"), bytes = part_at(report_, "text_bytes");
    const json tokens = part_at(report_, "tokens"), split = part_at(report_, "split");
    add("# Dataset card\n\nA dataset of text for language models, made by `switchyard prepare`. "
        "`report.html` has the figures as plots,\n`report.json` for programs.\n\n");
    add("| | in | out |\n|---|---:|---:|\n| documents | {} | {} |\n| text | {} | {} |\n\n",
        with_commas(integer_at(documents, "in")), with_commas(integer_at(documents, "out")),
        bytes_in_words(integer_at(bytes, "in")), bytes_in_words(integer_at(bytes, "out")));
    add("| split | documents | tokens |\n|---|---:|---:|\n");
    for (const char* name : {"train", "validation"}) {
      add("| {} | {} | {} |\n", name, with_commas(integer_at(split, name)),
          with_commas(integer_at(tokens, name)));
    }
  }

  void add_sources() {
    add("\n## Sources and licences\n\n| source | generation | licence | documents in | out | text "
        "out "
        "|\n|---|---:|---|---:|---:|---:|\n");
    bool licence_missing = false;
    for (const json& source : part_at(report_, "sources")) {
      const std::string licence = text_at(source, "licence");
      licence_missing = licence_missing || licence.empty() || licence == "unknown";
      add("| {} | {} | {} | {} | {} | {} |\n", markdown_text(text_at(source, "name")),
          integer_at(source, "generation"), licence.empty() ? "unknown" : markdown_text(licence),
          with_commas(integer_at(source, "in")), with_commas(integer_at(source, "out")),
          bytes_in_words(integer_at(source, "bytes_out")));
    }
    add("\nEvery document keeps its source, and the licence and date that its own line gave.\n");
    if (licence_missing) {
      add("**The licence of a source is unknown: find it out before you publish anything.**\n");
    }
  }

  void add_stages() {
    add("\n## What was done\n\n");
    const json stages = part_at(report_, "stages");
    for (const StageWords& words : stage_words()) {
      if (!stages.contains(words.stage)) continue;
      const json stage = part_at(stages, words.stage);
      const std::int64_t in = integer_at(stage, "in"), out = integer_at(stage, "out");
      add("- {} ({}): {} of {} documents removed, {}.\n", words.title, words.meaning,
          with_commas(in - out), with_commas(in), share_in_words(in - out, in));
    }
    for (const char* kind : {"lines", "paragraphs", "spans"}) {
      if (!stages.contains(kind)) continue;
      const json stage = part_at(stages, kind);
      add("- Repeated {}: {} cut, {} of text; the first of each stays.\n", kind,
          with_commas(integer_at(stage, "cut")), bytes_in_words(integer_at(stage, "bytes_cut")));
    }
    add("\nText that stays is as it came in, to the byte, except for what is named above, bytes "
        "that\n"
        "were no UTF-8, and NULs. Personal data was not looked for.\n");
  }

  void add_use() {
    add(R"(
## Use

| to | run |
|---|---|
| train on it | `switchyard train CONFIG --set data.dataset=THIS-FOLDER` |
| know why a document is not here | `switchyard explain THIS-FOLDER DOCUMENT-ID` |
| get the text back | `switchyard export THIS-FOLDER --jsonl documents.jsonl.zst` |
| make other tokens of the same documents | `switchyard prepare --retokenize --output THIS-FOLDER --tokenizer ...` |
| add documents | `switchyard prepare NEW-INPUTS --append --output THIS-FOLDER` |
)");
  }

  void add_recipe() {
    json recipe = part_at(report_, "recipe");
    const json tokenizer = part_at(report_, "tokenizer");
    if (!tokenizer.empty()) recipe["tokenizer"] = tokenizer;
    if (recipe.empty()) return;
    add("\n## Recipe\n\nThe same documents and this recipe give the same bytes, on any number of "
        "ranks. To cite the dataset,\ngive the recipe, the sources, and the hash of "
        "`manifest.json` in `documents` and `tokens`.\n\n");
    for (const auto& [key, value] : recipe.items()) {
      add("- {}: {}\n", markdown_text(key), markdown_text(value_in_words(value)));
    }
  }

  const json& report_;
  std::string out_;
};

}  // namespace

std::string dataset_card(const json& report) { return Card(report).markdown(); }

}  // namespace switchyard::prepare
