#include "io/token_writer.h"

#include <cstring>
#include <limits>
#include <utility>

#include "io/hdf5.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

template <class Id>
void store(std::span<const std::int32_t> tokens, std::byte* out) {
  for (const std::int32_t token : tokens) {
    const auto id = static_cast<Id>(token);
    std::memcpy(out, &id, sizeof id);
    out += sizeof id;
  }
}

}  // namespace

TokenWriter::TokenWriter(std::filesystem::path folder, std::string name, std::int64_t vocabulary)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      vocabulary_(vocabulary),
      dtype_(vocabulary <= 65536 ? "u16" : "u32") {}

void TokenWriter::append(std::span<const std::int32_t> tokens) {
  for (const std::int32_t token : tokens) {
    require(token >= 0 && token < vocabulary_, "token {} of a vocabulary of {}", token,
            vocabulary_);
  }
  const std::size_t end = tokens_.size();
  tokens_.resize(end + tokens.size() * static_cast<std::size_t>(element_bytes(dtype_)));
  if (dtype_ == "u16") {
    store<std::uint16_t>(tokens, tokens_.data() + end);
  } else {
    store<std::uint32_t>(tokens, tokens_.data() + end);
  }
}

void TokenWriter::add_document(std::int32_t boundary, std::span<const std::int32_t> tokens,
                               std::int32_t source, ContentHash hash) {
  require(source >= 0 && source <= std::numeric_limits<std::uint16_t>::max(),
          "source {} of a document", source);
  append(std::span(&boundary, 1));
  append(tokens);
  document_offsets_.push_back(num_tokens() + 1 + std::ssize(tokens));
  document_sources_.push_back(static_cast<std::uint16_t>(source));
  document_hashes_.insert(document_hashes_.end(), {hash.high, hash.low});
}

FileEntry TokenWriter::finish() {
  Hdf5Writer file(folder_ / (name_ + ".h5"), token_chunk_bytes);
  file.write("tokens", dtype_, {num_tokens()}, tokens_.data());
  file.write("document_offsets", "i64", {num_documents() + 1}, document_offsets_.data());
  file.write("document_sources", "u16", {num_documents()}, document_sources_.data());
  file.write("document_hashes", "u64", {num_documents(), 2}, document_hashes_.data());
  return file.finish();
}

}  // namespace switchyard
