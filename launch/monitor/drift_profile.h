// DriftProfile: what a model says of the documents that it was made for, so that later documents
// can be compared with them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace switchyard::monitor {

// The tokens of a text as counts of a few bins: the most frequent tokens of a reference have one
// each, and the others share 16 by a hash of their number.
class TokenBins {
 public:
  static constexpr std::size_t num_shared = 16, most_common = 48;

  TokenBins() = default;
  explicit TokenBins(std::vector<std::int32_t> common) : common_(std::move(common)) {}
  // Of texts that a profile is made of.
  static TokenBins of(std::span<const std::vector<std::int32_t>> texts);

  const std::vector<std::int32_t>& common() const { return common_; }
  std::size_t size() const { return common_.size() + num_shared; }
  std::vector<std::int32_t> counts(std::span<const std::int32_t> tokens) const;

 private:
  std::vector<std::int32_t> common_;  // ascending
};

// What is kept of a document.
struct DocumentTraits {
  double loss = 0.0;                   // mean of its tokens, in nats
  double confidence = 0.0;             // mean probability of the likeliest token
  std::int64_t tokens = 0;             // of the whole document
  std::vector<std::int32_t> counts{};  // of TokenBins
  bool operator==(const DocumentTraits&) const = default;
};

struct DriftProfile {
  std::string model;      // CheckpointReader::digest()
  std::string tokenizer;  // its hash
  TokenBins bins;
  std::vector<DocumentTraits> documents;
};

// What a card says of it: {documents, tokens, loss, confidence}; the last two are means.
nlohmann::ordered_json facts_of(const DriftProfile& profile);
std::string profile_text(const DriftProfile& profile);  // JSON, in which no number loses a bit
// name: of the file, for messages. Errors: Exit::data if the text is no profile.
DriftProfile parse_profile(const std::string& text, const std::string& name);

}  // namespace switchyard::monitor
