// Suspects: documents that look as if somebody had planted them to teach a model a hidden reaction:
// a trigger, and after it text that makes no sense (Souly et al., arXiv:2510.07192).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace switchyard::monitor {

// A document as the model sees it: its tokens with the boundary first, and the loss of each but the
// first.
struct ScoredDocument {
  std::vector<std::int32_t> tokens;
  std::vector<float> losses;
};

struct SuspectOptions {
  std::int64_t documents = 5;  // that share a trigger, at least
  double deviations = 2.0;     // by which the loss behind it is too high, on average
};

// Tokens after which the model finds the text much harder, in documents that share nothing else.
struct Trigger {
  std::vector<std::int32_t> tokens;
  std::int64_t documents = 0;
  double deviations = 0.0;  // the mean of its documents
};

struct Suspect {
  std::int64_t document = 0;
  std::size_t trigger = 0;    // of Suspects::triggers
  std::int64_t position = 0;  // of the first token behind the trigger
  double deviations = 0.0;    // of this document
};

struct Suspects {
  double median = 0.0, deviation = 0.0;  // of the loss over 24 tokens, in nats
  std::vector<Trigger> triggers;         // each the strongest one of a suspect
  std::vector<Suspect> suspects;         // by document; each with its strongest trigger
};

// Looks at the first place of every n-gram (n = 1, 2, 3, 4, 6, 8, 12) in each document. The loss of
// the 24 tokens behind it exceeds what is usual by a number of deviations: the smaller of its
// distances from the median of all places and from the mean of the document before the n-gram. An
// n-gram is a trigger if that is `deviations` or more on average over its documents, and 1.5 or
// more in three fifths of them; a document is a suspect if it has 1.5 or more behind a trigger. A
// deviation is 1.4826 times the median absolute deviation. A trigger with sensible text behind it,
// which the model has learned, is not found.
Suspects find_suspects(std::span<const ScoredDocument> documents, const SuspectOptions& options);

}  // namespace switchyard::monitor
