#include <fmt/format.h>

#include <iterator>

#include "io/prepare/account/explain.h"
#include "io/text/escape.h"

namespace switchyard {
namespace {

constexpr std::size_t max_bytes_of_passage = 400;

std::string quoted(const std::string& text, std::size_t max_bytes = max_bytes_of_passage) {
  return '"' + terminal_text(shortened(on_one_line(text), max_bytes)) + '"';
}

const char* in_words(Stage stage) {
  switch (stage) {
    case Stage::filter:
      return "it failed a quality filter";
    case Stage::contamination:
      return "it holds text of an evaluation file";
    case Stage::exact:
      return "its text is the same as a kept document's";
    case Stage::url:
      return "a kept document has the same URL";
    case Stage::near_duplicate:
      return "it is nearly the same as a kept document";
    case Stage::cut_away:
      return "nothing was left when repeated lines, paragraphs or spans had been cut";
  }
  return "";
}

class Writer {
 public:
  explicit Writer(const DocumentStore& store) : store_(store) {}

  void add(const KeptFate& fate) {
    head("kept", fate.document.id);
    describe(fate.document.hash, fate.document.source, fate.document.url);
    line("text", fmt::format("{} bytes, in {}", fate.text_bytes, terminal_text(fate.shard)));
    line("begins", quoted(fate.document.text));
  }

  void add(const RemovedFate& fate) {
    const RemovedDocument& document = fate.document;
    head("removed", document.id);
    line("stage", fmt::format("{}: {}", name_of(document.stage), in_words(document.stage)));
    if (!document.reason.empty()) line("reason", terminal_text(document.reason));
    describe(document.hash, document.source, document.url);
    line("came from", fmt::format("{}, byte {}", terminal_text(document.file), document.position));
    line("began", quoted(document.excerpt));
    const bool has_keeper = document.keeper != ContentHash();
    if (has_keeper) add_keeper(fate);
  }

  void add_more(std::int64_t count) {
    if (count > 0) text_ += fmt::format("and {} more documents of the same name\n", count);
  }

  std::string text() && { return std::move(text_); }

 private:
  void head(const char* fate, const std::string& id) {
    text_ += fmt::format("{}: {}\n", fate, terminal_text(id));
  }

  void line(const char* what, const std::string& text) {
    fmt::format_to(std::back_inserter(text_), "  {:<13}{}\n", what, text);
  }

  void describe(ContentHash hash, std::int32_t index, const std::string& url) {
    const Source source = store_.source(index);
    line("content hash", hash.hex());
    line("source", fmt::format("{}, generation {}, licence {}", terminal_text(source.name),
                               source.generation, terminal_text(source.licence)));
    if (!url.empty()) line("url", terminal_text(url));
  }

  void add_keeper(const RemovedFate& fate) {
    const RemovedDocument& document = fate.document;
    if (!fate.keeper) {
      const std::string& id = document.keeper_id;
      line("kept instead", terminal_text(id.empty() ? document.keeper.hex() : id));
      return line("", "which a later stage removed: explain it too");
    }
    line("kept instead", terminal_text(fate.keeper->document.id));
    line("", fmt::format("of source {}, {} bytes, in {}",
                         terminal_text(store_.source(fate.keeper->document.source).name),
                         fate.keeper->text_bytes, terminal_text(fate.keeper->shard)));
    if (document.stage == Stage::near_duplicate) {
      line("Jaccard", fmt::format("{:.3f} of their word 5-grams", document.jaccard));
    }
    add_shared(fate);
  }

  void add_shared(const RemovedFate& fate) {
    const char* compared = fate.read_again
                               ? "of the whole texts"
                               : "of its first 200 characters: the rest is no longer at its place";
    line("shared text", fate.shared.empty() ? fmt::format("none, {}", compared) : compared);
    for (const SharedPassage& passage : fate.shared) {
      line("", fmt::format("{} words: {}", passage.num_words, quoted(passage.text)));
    }
  }

  const DocumentStore& store_;
  std::string text_;
};

}  // namespace

std::string explanation_text(const DocumentStore& store, const Explanation& explanation) {
  Writer writer(store);
  for (const KeptFate& fate : explanation.kept) writer.add(fate);
  for (const RemovedFate& fate : explanation.removed) writer.add(fate);
  writer.add_more(explanation.num_more);
  return std::move(writer).text();
}

}  // namespace switchyard
