// The text of a file: decompressed, and as UTF-8 where some program wrote UTF-16.
#pragma once

#include <memory>
#include <string_view>

#include "io/prepare/input/byte_source.h"

namespace switchyard::prepare {

// Whether text that begins with `head` is UTF-16: with its byte order mark, as Windows writes it.
bool is_utf16(std::string_view head);

struct TextSource {
  std::unique_ptr<ByteSource> bytes;
  bool is_converted = false;  // its bytes are other ones than those of the file: it was compressed
                              // or UTF-16
};

// Reads from the first byte on. A surrogate without its partner and half a unit come as bytes that
// are no UTF-8.
TextSource open_text(const std::filesystem::path& file);

}  // namespace switchyard::prepare
