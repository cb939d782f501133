#include <algorithm>

#include "io/files/hash.h"
#include "io/prepare/filters/contamination_rule.h"
#include "io/prepare/filters/example_coverage.h"
#include "io/prepare/words/ngram_index.h"

namespace switchyard::prepare {
namespace {

constexpr std::uint32_t llama3_ngram = 8;

// Grattafiori et al. 2024, section 5.1.4, turned from what it says of an example (contaminated by
// the training text) to the document that contaminates it. Hits are the examples it covers.
class Llama3Rule : public ContaminationRule {
 public:
  explicit Llama3Rule(double share) : share_(share) {}

  bool add(std::span<const Word> words) override {
    if (words.size() < llama3_ngram) return false;
    std::vector<std::uint32_t> numbers;
    std::string hashes;
    for (std::size_t i = 0; i + llama3_ngram <= words.size(); ++i) {
      numbers.push_back(ngrams_.insert(words.subspan(i, llama3_ngram)));
      hashes.append(reinterpret_cast<const char*>(&ngrams_.keys()[numbers.back()]), 8);
    }
    coverage_.add(numbers);
    identity_.push_back(content_hash(hashes).low);
    return true;
  }

  void finish() override {
    coverage_.finish();
    std::sort(identity_.begin(), identity_.end());
    identity_.erase(std::unique(identity_.begin(), identity_.end()), identity_.end());
  }

  Finding apply(std::string& text, std::span<const Word> words) const override {
    std::vector<std::uint32_t> numbers;
    for (const NgramIndex::Match& match : ngrams_.find(text, words))
      numbers.push_back(match.number);
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    const std::vector<std::uint32_t> examples = coverage_.covered(numbers, share_);
    if (examples.empty()) return {};
    return {
        .removed = true, .hits = static_cast<int>(examples.size()), .example = examples.front()};
  }

  std::vector<std::uint64_t> identity() const override { return identity_; }

 private:
  double share_;
  NgramIndex ngrams_{llama3_ngram};
  ExampleCoverage coverage_{llama3_ngram};
  std::vector<std::uint64_t> identity_;  // a hash of the words of each example
};

}  // namespace

std::unique_ptr<ContaminationRule> make_llama3_rule(double share) {
  return std::make_unique<Llama3Rule>(share);
}

}  // namespace switchyard::prepare
