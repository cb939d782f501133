// Config: what `prepare` is asked to do, and how it says how far it is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/prepare/filters/contamination.h"
#include "io/prepare/input/inputs.h"
#include "io/prepare/input/recipe.h"
#include "io/prepare/words/minhash.h"

namespace switchyard::prepare {

// The kinds of duplicates. The first three remove documents, the others cut text.
struct DedupConfig {
  bool exact = true;            // equal text, normalised (io/text/unicode.h)
  bool url = true;              // equal URL
  bool near_duplicates = true;  // a shared MinHash band and a verified Jaccard
  MinHashConfig minhash;
  bool lines = false;       // of five words or more
  bool paragraphs = false;  // of five words or more
  bool spans = false;       // of 50 words or more
};

// "exact", "url", "near", "lines", "paragraphs", "spans", separated by commas, or "none". Errors:
// Exit::usage.
void parse_dedup(const std::string& list, DedupConfig& config);

struct Config {
  Recipe recipe;
  bool append = false;           // the recipe's sources as further generations of the output
  bool retokenize = false;       // only new tokens, from the documents that the output holds
  std::filesystem::path output;  // the dataset folder to make
  // bytes | sentencepiece:VOCABULARY | FILE.model | FILE.json
  std::string tokenizer = "bytes";
  std::string tokenizer_model;  // if not empty: what is stored of the one that `tokenizer` names
  std::string boundary;         // of FILE.json: the token that starts documents; empty: it says so
  bool parses_special_tokens = false;  // of FILE.json, where they are in a text
  double validation_fraction = 0.05;   // of the documents, chosen by their content hash; in [0, 1]
  std::vector<std::string> filters;    // by name (io/prepare/filters/filters.h), in this order
  ContaminationConfig contamination;   // off without evaluation files
  DedupConfig dedup;
  std::int64_t memory = std::int64_t{1} << 30;   // bytes a rank may hold
  std::int64_t unit_bytes = default_unit_bytes;  // of input in a task: changes no document
};

// How far a stage is, over all ranks. total is 0 where it is unknown.
struct Status {
  std::string stage;
  const char* unit = "";  // "B", "documents", "parts"
  std::int64_t done = 0, total = 0;
};
using Progress = std::function<void(const Status&)>;

}  // namespace switchyard::prepare
