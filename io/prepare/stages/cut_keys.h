// Cut keys: how later generations find the lines, paragraphs and spans of a kept document.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/prepare/work/config.h"

namespace switchyard::prepare {

// The keys of a document for the index of its generation, from its text as it was kept: sorted,
// each once, for the kinds that `config` cuts. A line or paragraph has two keys, the halves of its
// 128 bits, so that a document with both keys has the line; a span is found by its seed.
std::vector<std::uint64_t> cut_keys_of(const std::string& kept_text, const DedupConfig& config);

}  // namespace switchyard::prepare
