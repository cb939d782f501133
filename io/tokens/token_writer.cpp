#include "io/tokens/token_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "io/folder/hdf5.h"
#include "runtime/error.h"

namespace switchyard {

TokenWriter::TokenWriter(std::filesystem::path folder, std::string name, std::int64_t vocabulary,
                         std::int32_t unknown)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      vocabulary_(vocabulary),
      unknown_(unknown),
      dtype_(vocabulary <= 65536 ? "u16" : "u32") {}

void TokenWriter::reserve(std::int64_t tokens) {
  if (dtype_ == "u16") {
    narrow_.reserve(static_cast<std::size_t>(tokens));
  } else {
    wide_.reserve(static_cast<std::size_t>(tokens));
  }
}

void TokenWriter::append(std::span<const std::int32_t> tokens) {
  const auto limit = static_cast<std::uint32_t>(vocabulary_);
  bool known = true;  // no branch in the loop, so that it becomes vector instructions
  for (const std::int32_t token : tokens) known &= static_cast<std::uint32_t>(token) < limit;
  require(known, "a token lies outside the vocabulary of {}", vocabulary_);
  if (dtype_ == "u16") {
    narrow_.insert(narrow_.end(), tokens.begin(), tokens.end());
  } else {
    wide_.insert(wide_.end(), tokens.begin(), tokens.end());
  }
}

void TokenWriter::add_document(std::int32_t boundary, std::span<const std::int32_t> tokens,
                               std::int32_t source, ContentHash hash, std::int32_t prompt_tokens) {
  require(prompt_tokens >= 0 && prompt_tokens <= std::ssize(tokens),
          "a prompt of {} tokens in a document of {}", prompt_tokens, tokens.size());
  require(source >= 0 && source <= std::numeric_limits<std::uint16_t>::max(),
          "source {} of a document", source);
  append(std::span(&boundary, 1));
  append(tokens);
  num_unknown_ += std::count(tokens.begin(), tokens.end(), unknown_);
  document_offsets_.push_back(num_tokens() + 1 + std::ssize(tokens));
  document_sources_.push_back(static_cast<std::uint16_t>(source));
  document_prompts_.push_back(prompt_tokens);
  document_hashes_.insert(document_hashes_.end(), {hash.high, hash.low});
}

FileEntry TokenWriter::finish() {
  Hdf5Writer file(folder_ / (name_ + ".h5"), token_chunk_bytes);
  const void* tokens = wide_.data();
  if (dtype_ == "u16") tokens = narrow_.data();
  file.write("tokens", dtype_, {num_tokens()}, tokens);
  file.write("document_offsets", "i64", {num_documents() + 1}, document_offsets_.data());
  file.write("document_sources", "u16", {num_documents()}, document_sources_.data());
  file.write("document_hashes", "u64", {num_documents(), 2}, document_hashes_.data());
  if (std::ranges::any_of(document_prompts_, [](std::int32_t prompt) { return prompt > 0; }))
    file.write("document_prompts", "i32", {num_documents()}, document_prompts_.data());
  return file.finish();
}

}  // namespace switchyard
