// The ids that mark the parts of rewritten pieces.
#pragma once

#include <cstdint>

#include "io/tokens/tokenizer.h"

namespace switchyard {

struct SpecialIds {
  std::int32_t prefix = -1, suffix = -1, middle = -1;  // -1: there are none
  std::int32_t first_span = -1, num_spans = 0;         // consecutive

  bool has(std::int32_t id) const {
    return id >= 0 && (id == prefix || id == suffix || id == middle ||
                       (id >= first_span && id < first_span + num_spans));
  }
};

enum class SpecialUse : std::uint8_t { fill_in_middle, spans };

// The tokenizer's own (<|fim_prefix|> of Qwen, <fim_prefix> of StarCoder, <PRE> of Code Llama,
// those of DeepSeek; <extra_id_0>, ... of T5), or else rows of the table behind its ids: the first
// three, and the rest for up to 64 spans. table_rows: of the model's table of ids.
SpecialIds special_ids(const Tokenizer& tokenizer, std::int64_t table_rows);

// Errors: Exit::usage if these are not there, saying what to set.
void require_special_ids(const SpecialIds& ids, SpecialUse use, const Tokenizer& tokenizer);

}  // namespace switchyard
