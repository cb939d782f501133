// What `prepare --tokenizer` asks for: a tokenizer that exists, or a vocabulary to learn.
#pragma once

#include <memory>
#include <string>

#include "io/prepare/store/document_store.h"
#include "io/prepare/work/config.h"
#include "io/tokens/tokenizer.h"

namespace switchyard::prepare {

struct TokenizerChoice {
  std::string recipe;                   // what a dataset's manifest records of it
  std::unique_ptr<Tokenizer> existing;  // nothing if it is to be learned
  int vocabulary = 0;                   // then
};

// By config.tokenizer and config.tokenizer_model. Errors: Exit::usage, and Exit::data for a
// file that is no tokenizer, or one that Switchyard does not understand.
TokenizerChoice choose_tokenizer(const Config& config);

// From the training documents of the first generation, in canonical order: the first 256 MiB.
std::unique_ptr<Tokenizer> learn_tokenizer(int vocabulary, const DocumentStore& documents,
                                           double validation_fraction);

// The split of a document is a function of its content hash alone.
bool is_validation(const ContentHash& hash, double fraction);

}  // namespace switchyard::prepare
