#include "launch/suites/texts.h"

#include <algorithm>

#include "io/loader/document_spans.h"
#include "io/tokens/token_reader.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/error.h"

namespace switchyard::suites {
namespace {

struct Span {
  Piece piece;
  std::int32_t source;
};

// The documents in the order of the stream, only the first `limit`.
std::vector<Span> documents_of(const TokenStore& store, const std::string& split,
                               std::int64_t limit) {
  std::vector<Span> found;
  const DocumentSpans spans(store, split);
  for (std::int32_t source = 0; source < std::ssize(store.sources()); ++source) {
    spans.for_each_of(source, [&](const Piece& piece) { found.push_back({piece, source}); });
  }
  std::sort(found.begin(), found.end(),
            [](const Span& a, const Span& b) { return a.piece.start < b.piece.start; });
  if (limit >= 0 && limit < std::ssize(found)) found.resize(static_cast<std::size_t>(limit));
  return found;
}

std::vector<ScoredText> texts_of_dataset(const TaskSpec& spec, const SuiteModel& model) {
  const TokenStore store(spec.dataset);
  check_same_tokenizer(model.checkpoint(), store);
  require(store.num_tokens(spec.split) > 0, Exit::data,
          "{}: {} has no {} document: name another split, or prepare a dataset with "
          "--validation-fraction 1",
          spec.where, spec.dataset.string(), spec.split);
  TokenReader reader(store, spec.split);
  std::vector<ScoredText> texts;
  for (const auto& [piece, source] : documents_of(store, spec.split, spec.limit)) {
    if (piece.length < 2) continue;
    ScoredText text{.id = fmt::format("{}", piece.start)};
    text.tokens.resize(static_cast<std::size_t>(piece.length));
    reader.read(piece.start, text.tokens);
    text.bytes = std::ssize(model.tokenizer().decode(text.tokens));
    text.labels["source"] = store.sources()[static_cast<std::size_t>(source)];
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace

std::vector<std::int32_t> tokens_of(const Tokenizer& tokenizer, const std::string& text) {
  std::vector<std::int32_t> tokens = tokenizer.encode(text);
  if (tokens.empty() || tokens.front() != tokenizer.boundary()) {
    tokens.insert(tokens.begin(), tokenizer.boundary());
  }
  return tokens;
}

std::vector<ScoredText> texts_of_cases(const std::vector<CaseRow>& cases,
                                       const Tokenizer& tokenizer) {
  std::vector<ScoredText> texts;
  for (const CaseRow& one : cases) {
    ScoredText text{.id = one.id, .text = one.row.text("text"), .labels = one.labels};
    text.tokens = tokens_of(tokenizer, text.text);
    text.bytes = std::ssize(text.text);
    if (text.tokens.size() < 2) one.row.reject("text", "has no token");
    texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<ScoredText> texts_of(const TaskSpec& spec, const std::vector<CaseRow>& cases,
                                 const SuiteModel& model) {
  return spec.dataset.empty() ? texts_of_cases(cases, model.tokenizer())
                              : texts_of_dataset(spec, model);
}

}  // namespace switchyard::suites
