#include "launch/monitor/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "io/loader/split_documents.h"
#include "io/prepare/input/documents.h"
#include "launch/host/standard_streams.h"
#include "launch/monitor/score_texts.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard::monitor {
namespace {

constexpr std::int64_t fewest_of_profile = 64;
constexpr const char* profile_name = "drift.json";

// What the model reads of a document: its boundary, and as many tokens as it is asked for.
std::int64_t read_of(const RestoredModel& restored) {
  return restored.config().data.sequence_length + 1;
}

DocumentTraits traits_of(std::span<const std::int32_t> tokens,
                         std::span<const NextTokenScore> scores, std::int64_t length,
                         const TokenBins& bins) {
  DocumentTraits traits{0.0, 0.0, length, bins.counts(tokens.subspan(1))};
  for (const NextTokenScore& score : scores) {
    traits.loss += score.loss;
    traits.confidence += score.best_probability;
  }
  traits.loss /= static_cast<double>(scores.size());
  traits.confidence = std::min(1.0, traits.confidence / static_cast<double>(scores.size()));
  return traits;
}

}  // namespace

Documents documents_of_dataset(const std::filesystem::path& dataset, const std::string& split,
                               const CheckpointReader& model, std::int64_t most) {
  const TokenStore store(dataset);
  check_same_tokenizer(model, store);
  require(store.num_documents(split) > 0, Exit::data, "{} has no {} document: name another --split",
          dataset.string(), split);
  const auto all = std::make_shared<SplitDocuments>(store, split);
  const std::int64_t count = std::min(all->size(), most);
  const auto place = [all, count](std::int64_t i) { return i * all->size() / count; };
  return {count,
          [all, place](std::int64_t i, std::int64_t limit) { return all->tokens(place(i), limit); },
          [all, place](std::int64_t i) { return all->piece(place(i)).length; }};
}

Documents documents_of_texts(const std::vector<std::string>& inputs, const Tokenizer& tokenizer) {
  const auto texts = std::make_shared<std::vector<std::vector<std::int32_t>>>();
  prepare::Source source{.name = "texts", .licence = "unknown", .inputs = inputs};
  prepare::Problems problems;
  const prepare::Inputs found = prepare::find_inputs({source});
  for (const prepare::InputUnit& unit : found.units) {
    for (const prepare::FilePart& part : unit.parts) {
      const prepare::InputFile& file = found.files[static_cast<std::size_t>(part.file)];
      prepare::read_documents(file, part, {source.text_field, {}}, problems,
                              [&](prepare::Document&& document) {
                                std::vector<std::int32_t> tokens{tokenizer.boundary()};
                                const auto encoded = tokenizer.encode(document.text);
                                tokens.insert(tokens.end(), encoded.begin(), encoded.end());
                                texts->push_back(std::move(tokens));
                              });
    }
  }
  return {std::ssize(*texts),
          [texts](std::int64_t i, std::int64_t most) {
            const auto& text = (*texts)[static_cast<std::size_t>(i)];
            return std::vector<std::int32_t>(text.begin(),
                                             text.begin() + std::min(most, std::ssize(text)));
          },
          [texts](std::int64_t i) { return std::ssize((*texts)[static_cast<std::size_t>(i)]); }};
}

std::vector<DocumentTraits> measure(RestoredModel& restored, const Documents& documents,
                                    const TokenBins& bins) {
  std::vector<DocumentTraits> traits;
  const std::int64_t most = read_of(restored);
  score_texts(restored,
              {documents.count, [&](std::int64_t i) { return documents.tokens(i, most); }},
              [&](std::int64_t i, std::span<const std::int32_t> tokens,
                  std::span<const NextTokenScore> scores) {
                traits.push_back(traits_of(tokens, scores, documents.length(i), bins));
              });
  return traits;
}

DriftProfile make_profile(RestoredModel& restored, const Documents& documents) {
  Comm& ranks = *restored.mesh().world;
  DriftProfile profile;
  on_root(ranks, [&] {
    require(documents.count >= fewest_of_profile, Exit::usage,
            "{} documents are too few for a drift profile, which needs at least {}",
            documents.count, fewest_of_profile);
    std::vector<std::vector<std::int32_t>> texts;
    for (std::int64_t i = 0; i < documents.count; ++i) {
      texts.push_back(documents.tokens(i, read_of(restored)));
      texts.back().erase(texts.back().begin());
    }
    profile = {
        restored.checkpoint().digest(), restored.tokenizer().hash(), TokenBins::of(texts), {}};
  });
  profile.documents = measure(restored, documents, profile.bins);
  return profile;
}

DriftProfile profile_of(const CheckpointReader& model) {
  const auto& files = model.files();
  const bool there = std::ranges::find(files, profile_name, &FileEntry::name) != files.end();
  require(there, Exit::usage,
          "{} holds no drift profile: name one with --profile, which `switchyard drift MODEL "
          "DATASET --write-profile FILE` makes of the documents that it was trained on",
          model.folder().string());
  return parse_profile(model.read_file(profile_name), (model.folder() / profile_name).string());
}

}  // namespace switchyard::monitor
