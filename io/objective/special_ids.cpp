#include "io/objective/special_ids.h"

#include <algorithm>
#include <array>
#include <string>

#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::int32_t num_fill_ids = 3, most_spans = 64;

// prefix, suffix, middle.
constexpr std::array<std::array<const char*, 3>, 4> fill_names = {
    {{"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"},
     {"<fim_prefix>", "<fim_suffix>", "<fim_middle>"},
     {"\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>"},
     {"<\uFF5Cfim\u2581begin\uFF5C>", "<\uFF5Cfim\u2581hole\uFF5C>",
      "<\uFF5Cfim\u2581end\uFF5C>"}}};

void take_fill_ids(const Tokenizer& tokenizer, SpecialIds& ids) {
  for (const auto& names : fill_names) {
    const std::int32_t prefix = tokenizer.special(names[0]), suffix = tokenizer.special(names[1]),
                       middle = tokenizer.special(names[2]);
    if (std::min({prefix, suffix, middle}) < 0) continue;
    ids.prefix = prefix;
    ids.suffix = suffix;
    ids.middle = middle;
    return;
  }
}

// Those that follow <extra_id_0> upwards, or, as in T5's own files, downwards.
void take_span_ids(const Tokenizer& tokenizer, SpecialIds& ids) {
  const auto id_of = [&](std::int32_t i) {
    return tokenizer.special("<extra_id_" + std::to_string(i) + ">");
  };
  const std::int32_t first = id_of(0);
  if (first < 0) return;
  const std::int32_t direction = id_of(1) < first ? -1 : 1;
  std::int32_t count = 1;
  while (count < most_spans && id_of(count) == first + direction * count) ++count;
  ids.first_span = direction > 0 ? first : first - (count - 1);
  ids.num_spans = count;
}

}  // namespace

SpecialIds special_ids(const Tokenizer& tokenizer, std::int64_t table_rows) {
  SpecialIds ids;
  take_fill_ids(tokenizer, ids);
  take_span_ids(tokenizer, ids);
  const auto reserved = static_cast<std::int32_t>(tokenizer.vocabulary());
  const auto rows = static_cast<std::int32_t>(table_rows);
  if (ids.prefix < 0 && rows >= reserved + num_fill_ids) {
    ids.prefix = reserved;
    ids.suffix = reserved + 1;
    ids.middle = reserved + 2;
  }
  if (ids.num_spans == 0 && rows > reserved + num_fill_ids) {
    ids.first_span = reserved + num_fill_ids;
    ids.num_spans = std::min(most_spans, rows - ids.first_span);
  }
  return ids;
}

void require_special_ids(const SpecialIds& ids, SpecialUse use, const Tokenizer& tokenizer) {
  const bool fill = use == SpecialUse::fill_in_middle;
  if (fill ? ids.prefix >= 0 : ids.num_spans > 0) return;
  fail(Exit::usage,
       "the tokenizer has no tokens that mark {}, and the model's table has no rows for them "
       "behind the tokenizer's {} ids: set model.vocabulary = {} or more",
       fill ? "the parts for fill-in-the-middle" : "spans", tokenizer.vocabulary(),
       tokenizer.vocabulary() + num_fill_ids + (fill ? 0 : most_spans));
}

}  // namespace switchyard
